"""The JSON of a decision, for staff."""

from typing import Any

from rest_framework import serializers

from api.serializing import json_of
from requests_app.matching.decisions import explained
from requests_app.models import Offer
from requests_app.records import DECIDERS, LeftOut


class CandidateSerializer(serializers.Serializer[Any]):
    """A partner who could be chosen. `costS` is what the policy minimises: travel less the credit for waiting."""

    partnerId = serializers.UUIDField(source="partner_id")
    distanceM = serializers.FloatField(source="distance_m")
    travelS = serializers.FloatField(source="travel_s")
    costS = serializers.FloatField(source="cost_s")
    chosen = serializers.BooleanField()
    leftOut = serializers.ChoiceField(source="left_out", choices=LeftOut.choices, allow_null=True)

    class Meta:
        ref_name = "DecisionCandidate"


class LeftOutSerializer(serializers.Serializer[Any]):
    """A partner near who could not be chosen."""

    partnerId = serializers.UUIDField(source="partner_id")
    reason = serializers.ChoiceField(choices=LeftOut.choices)

    class Meta:
        ref_name = "DecisionLeftOut"


class MoreLeftOutSerializer(serializers.Serializer[Any]):
    """How many further partners were left out for a reason."""

    reason = serializers.ChoiceField(choices=LeftOut.choices)
    count = serializers.IntegerField()

    class Meta:
        ref_name = "DecisionMoreLeftOut"


class RulesSerializer(serializers.Serializer[Any]):
    """The weights of the policy at that time."""

    capS = serializers.FloatField(source="cap_s")
    capShortage = serializers.FloatField(source="cap_shortage")
    capLeastS = serializers.FloatField(source="cap_least_s")
    capWidens = serializers.FloatField(source="cap_widens")
    ageCredit = serializers.FloatField(source="age_credit")
    capLone = serializers.BooleanField(source="cap_lone")
    capLocal = serializers.FloatField(source="cap_local")

    class Meta:
        ref_name = "DecisionRules"


class DecisionSerializer(serializers.Serializer[Any]):
    """Why an offer went to its partner. The candidates are those who could be chosen, nearest first."""

    offerId = serializers.UUIDField(source="offer_id")
    by = serializers.ChoiceField(choices=DECIDERS)
    wave = serializers.IntegerField()
    waitedS = serializers.FloatField(source="waited_s")
    contending = serializers.IntegerField(help_text="Requests that were matched together.")
    shortage = serializers.IntegerField(help_text="Recent requests, if they made a shortage; else 0.")
    capS = serializers.FloatField(
        source="cap_s",
        allow_null=True,
        help_text="The chosen partner's pickup cap in seconds of travel; null: none applied.",
    )
    candidates = CandidateSerializer(many=True)
    leftOut = LeftOutSerializer(source="left_out", many=True)
    moreLeftOut = MoreLeftOutSerializer(source="more_left_out", many=True)
    rules = RulesSerializer()

    class Meta:
        ref_name = "Decision"


def decision_body(offer: Offer) -> dict[str, Any]:
    """The JSON of an offer's decision. Raises `LookupError` if the offer has none any more."""
    why = explained(offer)
    fields = {name: getattr(why, name) for name in ("by", "waited_s", "contending", "shortage", "cap_s", "rules")}
    candidates = [
        {
            "partner_id": each.partner_id,
            "distance_m": each.distance_m,
            "travel_s": each.travel_s,
            "cost_s": each.cost_s,
            "chosen": each.left_out is None,
            "left_out": each.left_out or None,
        }
        for each in why.candidates
    ]
    left_out = [{"partner_id": partner, "reason": reason} for partner, reason in why.left_out]
    more = [{"reason": reason, "count": count} for reason, count in sorted(why.more_left_out.items())]
    view = {"offer_id": offer.pk, "wave": offer.wave, **fields, "candidates": candidates}
    return json_of(DecisionSerializer, {**view, "left_out": left_out, "more_left_out": more})
