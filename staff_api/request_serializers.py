"""The JSON of requests, offers and looks, as staff see them. A list has no words and no places; a single row has."""

from typing import Any

from rest_framework import serializers

from api.fields import LocationField, location
from core import clock
from requests_app.care import is_overdue
from requests_app.matching.serializers import DecisionSerializer, MoreLeftOutSerializer
from requests_app.models import CheerRequest, Offer
from requests_app.records import Look, LookResult
from requests_app.selectors import patience, radii_m
from requests_app.states import OfferStatus, RequestStatus


class Code(serializers.CharField):
    """The code of a row's column; null if it has none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) or None


class StaffRequestSerializer(serializers.Serializer[Any]):
    """A request in a list for staff. `ownerId` is the member of staff who takes care of it as a dead letter."""

    requestId = serializers.UUIDField(source="id")
    userId = serializers.UUIDField(source="user_id")
    region = serializers.CharField(source="region.slug")
    requestType = serializers.CharField(source="request_type_id")
    status = serializers.ChoiceField(choices=RequestStatus.choices)
    reason = Code(source="closed_code", help_text="A code, such as `no_partner_nearby`.")
    createdAt = serializers.DateTimeField(source="created_at")
    giveUpAt = serializers.DateTimeField(
        source="give_up_at", help_text="When it is given up; of a dead letter, when it was."
    )
    overdue = serializers.SerializerMethodField(help_text="Whether it has been a dead letter for too long.")
    attempts = serializers.IntegerField(help_text="How often a partner was looked for.")
    ownerId = serializers.UUIDField(source="dead_letter.owner_id", allow_null=True, default=None)
    takenAt = serializers.DateTimeField(
        source="dead_letter.taken_at", allow_null=True, default=None, help_text="Since when its owner takes care of it."
    )

    class Meta:
        ref_name = "StaffRequest"

    def get_overdue(self, row: CheerRequest) -> bool:
        return is_overdue(row, now=clock.now())


class StaffDeadLetterSerializer(StaffRequestSerializer):
    """A dead letter in a list for staff, with their note."""

    staffNote = serializers.SerializerMethodField(help_text="For other staff.")

    class Meta:
        ref_name = "StaffDeadLetter"

    def get_staffNote(self, row: CheerRequest) -> str:
        letter = getattr(row, "dead_letter", None)
        return letter.note if letter else ""


class StaffRequestDetailSerializer(StaffDeadLetterSerializer):
    """A request as its page shows it to staff, with its place and words. What else there is of it has lists."""

    location = LocationField()
    note = serializers.CharField(help_text="Of its user.")
    reasonNote = serializers.CharField(source="closed_note", help_text="The words of the person who cancelled it.")
    nextAttemptAt = serializers.DateTimeField(source="next_attempt_at", allow_null=True)
    searchRadiusM = serializers.SerializerMethodField(help_text="How far a partner is looked for at most.")
    patienceS = serializers.SerializerMethodField(help_text="For how long a partner is looked for.")

    class Meta:
        ref_name = "StaffRequestDetail"

    def get_location(self, row: CheerRequest) -> dict[str, float] | None:
        return location(row.lat, row.lng)

    def get_searchRadiusM(self, row: CheerRequest) -> int:
        return radii_m(row)[-1]

    def get_patienceS(self, row: CheerRequest) -> int:
        return int(patience(row).total_seconds())


class StaffLookSerializer(serializers.Serializer[Any]):
    """Equal looks in a row for a partner that made no offer. The figures are the last one's."""

    attemptId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    number = serializers.IntegerField(help_text="Counts the rows of its request, from 1.")
    result = serializers.ChoiceField(choices=LookResult.choices)
    wave = serializers.IntegerField(help_text="Of the widest search, from 0.")
    count = serializers.IntegerField(help_text="How many looks these were.")
    searched = serializers.IntegerField(help_text="Partners found near.")
    fit = serializers.IntegerField(help_text="Partners of these who could have been offered it.")
    leftOut = serializers.SerializerMethodField(help_text="How many of them were left out, by reason.")
    firstAt = serializers.DateTimeField(source="first_at")
    lastAt = serializers.DateTimeField(source="last_at")

    class Meta:
        ref_name = "StaffAttempt"

    def get_leftOut(self, row: Look) -> MoreLeftOutSerializer(many=True):  # type: ignore[valid-type]
        return [{"reason": reason, "count": count} for reason, count in sorted(row.left_out.items())]


class StaffOfferSerializer(serializers.Serializer[Any]):
    """An offer as staff see it. Its partner was the `rank`-nearest `of` those who could be chosen."""

    offerId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    partnerId = serializers.UUIDField(source="partner_id")
    status = serializers.ChoiceField(choices=OfferStatus.choices)
    reason = Code(source="closed_code", help_text="A code, such as `too_far`.")
    wave = serializers.IntegerField()
    distanceM = serializers.IntegerField(source="distance_m")
    etaS = serializers.IntegerField(source="eta_s")
    rank = serializers.IntegerField(allow_null=True)
    of = serializers.IntegerField(source="among", allow_null=True)
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at")
    answeredAt = serializers.DateTimeField(source="answered_at", allow_null=True)

    class Meta:
        ref_name = "StaffOffer"


class StaffOfferDetailSerializer(StaffOfferSerializer):
    """An offer with the words of its partner and its decision, which is null once it is not kept any more."""

    reasonNote = serializers.CharField(source="closed_note")
    decision = serializers.SerializerMethodField()

    class Meta:
        ref_name = "StaffOfferDetail"

    def get_decision(self, row: Offer) -> DecisionSerializer(allow_null=True):  # type: ignore[valid-type]
        return self.context["decision"]
