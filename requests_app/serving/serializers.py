"""The bodies that a partner sends: an answer to an offer, or a status."""

from typing import Any

from rest_framework import serializers

from api.fields import Choice, Identifier, Text
from requests_app.reasons import DECLINE_CODES


class AcceptInput(serializers.Serializer[Any]):
    """Exactly one of `offerId` and `requestId`. A request id stands for this partner's open offer of that request."""

    offerId = Identifier(required=False)
    requestId = Identifier(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either offerId or requestId.")
        return attrs

    class Meta:
        ref_name = "RideAcceptInput"
        min_properties = 1


DECLINE_HELP = f"One of {', '.join(f'`{code}`' for code in DECLINE_CODES)}, or your own words, which count as `other`."


class DeclineInput(serializers.Serializer[Any]):
    offerId = Identifier()
    reason = Text(max_length=200, required=False, allow_blank=True, default="", help_text=DECLINE_HELP)

    class Meta:
        ref_name = "RideDeclineInput"


AVAILABILITY = [("available", "Online: offers arrive."), ("offline", "Offline: no offers arrive.")]


class StatusInput(serializers.Serializer[Any]):
    status = Choice(choices=AVAILABILITY)

    class Meta:
        ref_name = "PartnerStatusInput"
