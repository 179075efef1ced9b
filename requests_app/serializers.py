"""The JSON of requests and offers, as one reader sees them."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from accounts.models import User
from accounts.serializers import VisiblePartnerSerializer
from api.fields import LocationSerializer, MoneySerializer, Note, TariffSerializer, Text
from api.serializing import json_of
from core import clock
from payments.states import HoldStatus
from regions.models import DIGEST_CHARS
from requests_app.models import NOTE_MAX_CHARS, REQUEST_TYPE_SLUG_MAX_CHARS, CheerRequest, Offer, RequestType
from requests_app.read_model import offer_view, request_views
from requests_app.selectors import request_types_by_slug
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride


class RequestTypeSerializer(serializers.ModelSerializer[RequestType]):
    class Meta:
        model = RequestType
        fields = ("slug", "name", "description", "icon")
        ref_name = "RequestType"


class WhySerializer(serializers.Serializer[Any]):
    """Why this partner: of `of` free partners who could come when they were asked, they were the `rank`-nearest.

    For a sentence such as “Nearest of 4, 700 m”. The distance is rounded to 100 m. No other partner's place follows.
    """

    rank = serializers.IntegerField(help_text="1 for the nearest.")
    of = serializers.IntegerField()
    distanceM = serializers.IntegerField(source="distance_m")

    class Meta:
        ref_name = "Why"


class OfferSerializer(serializers.Serializer[Any]):
    """An offer to a partner, until `expiresAt`. Location and note are shown only while it is pending or accepted.

    With `locationWithinM`, the place is roughly there, within so many metres, and both are told on acceptance.
    The prices are those that the request was made under, whatever the region's are by now.
    """

    offerId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    location = LocationSerializer(allow_null=True)
    locationWithinM = serializers.IntegerField(source="location_within_m", allow_null=True)
    requestType = serializers.CharField(source="request_type")
    note = serializers.CharField()
    distanceM = serializers.IntegerField(source="distance_m")
    etaS = serializers.IntegerField(source="eta_s")
    why = WhySerializer(allow_null=True)
    tariff = TariffSerializer(help_text="What the user pays.")
    share = MoneySerializer(help_text="What the partner is paid for the first increment.")
    expiresAt = serializers.DateTimeField(source="expires_at")
    status = serializers.ChoiceField(choices=OfferStatus.choices)

    class Meta:
        ref_name = "Offer"


class CancellationSerializer(serializers.Serializer[Any]):
    """The fee for cancelling: `fee` now, and `lateFee` once `freeUntil` has passed (null: free for now)."""

    fee = MoneySerializer()
    lateFee = MoneySerializer(source="late_fee")
    freeUntil = serializers.DateTimeField(source="free_until", allow_null=True)

    class Meta:
        ref_name = "Cancellation"


class BookingHoldSerializer(serializers.Serializer[Any]):
    """The hold on the card for a request. While it is `requires_action`, the user confirms it at `confirmUrl`."""

    status = serializers.ChoiceField(choices=HoldStatus.choices)
    amount = MoneySerializer()
    confirmUrl = serializers.CharField(source="confirm_url", allow_null=True)

    class Meta:
        ref_name = "BookingHold"


class CheerRequestSerializer(serializers.Serializer[Any]):
    """A request. `offer` is shown to its partner and to staff, `partner` to the user while the request is accepted."""

    requestId = serializers.UUIDField(source="id")
    userId = serializers.UUIDField(source="user_id")
    location = LocationSerializer()
    requestType = serializers.CharField(source="request_type")
    note = serializers.CharField()
    status = serializers.ChoiceField(choices=RequestStatus.choices)
    createdAt = serializers.DateTimeField(source="created_at")
    region = serializers.CharField()
    attempts = serializers.IntegerField()
    offer = OfferSerializer(allow_null=True)
    rideId = serializers.UUIDField(source="ride_id", allow_null=True)
    partner = VisiblePartnerSerializer(allow_null=True)
    why = WhySerializer(allow_null=True, help_text="Why this partner. Only for its user, while it is accepted.")
    reason = serializers.CharField(allow_null=True, help_text="A code, such as `no_partner_nearby`.")
    reasonNote = serializers.CharField(source="reason_note", help_text="The words of the person who cancelled it.")
    cancellation = CancellationSerializer(allow_null=True, help_text="Only for its user, while it can be cancelled.")
    searchRadiusM = serializers.IntegerField(
        source="search_radius_m", allow_null=True, help_text="Only for its user, while a partner is looked for."
    )
    giveUpAt = serializers.DateTimeField(
        source="give_up_at", allow_null=True, help_text="Only for its user, while a partner is looked for."
    )
    hold = BookingHoldSerializer(allow_null=True, help_text="Only for the user, until a partner is looked for.")

    class Meta:
        ref_name = "CheerRequest"


def request_bodies(
    requests: Sequence[CheerRequest],
    viewer: User,
    *,
    live: bool = False,
    rides: Sequence[Ride] = (),
    accepted: Sequence[Offer] = (),
) -> list[dict[str, Any]]:
    """The JSON of requests for one reader. `live` adds the partner's position, and works outside transactions only.

    `rides`, `accepted`: the present rides of the requests, and the offers that led to them, if the caller has them.
    """
    views = request_views(requests, viewer, now=clock.now(), live=live, rides=rides, accepted=accepted)
    return [json_of(CheerRequestSerializer, view) for view in views]


def request_body(
    request: CheerRequest,
    viewer: User,
    *,
    live: bool = False,
    ride: Ride | None = None,
    accepted: Offer | None = None,
) -> dict[str, Any]:
    """A request's JSON, as `request_bodies` gives it."""
    rides, offers = [ride] if ride else (), [accepted] if accepted else ()
    return request_bodies([request], viewer, live=live, rides=rides, accepted=offers)[0]


def offer_body(offer: Offer) -> dict[str, Any]:
    """An offer's JSON."""
    return json_of(OfferSerializer, offer_view(offer))


@extend_schema_field(
    {
        "type": "string",
        "pattern": "^[-a-zA-Z0-9_]+$",
        "maxLength": REQUEST_TYPE_SLUG_MAX_CHARS,
        "example": "pep_talk",
        "description": "The slug of a request type; `GET /requestType` lists them. The first of them if left out.",
    }
)
class RequestTypeField(serializers.Field[RequestType, str, str, Any]):
    """The slug of an active kind of cheer."""

    default_error_messages = {
        "invalid": "Not a valid string.",
        "does_not_exist": "No such request type; GET /requestType lists them.",
    }

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: Any) -> RequestType:
        if not isinstance(data, str):
            self.fail("invalid")
        found = request_types_by_slug().get(data)
        if found is None:
            self.fail("does_not_exist")
        return found

    def to_representation(self, value: RequestType) -> str:
        return value.slug


class CheerRequestInput(serializers.Serializer[Any]):
    location = LocationSerializer()
    requestType = RequestTypeField(required=False)
    note = Note(max_length=NOTE_MAX_CHARS, required=False, allow_blank=True, default="")
    pricesShown = Text(
        max_length=DIGEST_CHARS,
        required=False,
        allow_blank=True,
        default="",
        help_text="`pricesDigest` of the region as the page showed it; other prices by now are refused.",
    )


class CancelInput(serializers.Serializer[Any]):
    reason = Text(max_length=200, required=False, allow_blank=True, default="")
