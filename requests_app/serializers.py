"""The JSON of requests and offers, each for one reader."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Role, User
from accounts.presence import current_location
from accounts.serializers import VisiblePartnerSerializer
from api.fields import (
    Choice,
    Identifier,
    LocationField,
    LocationSerializer,
    MoneySerializer,
    OptionalLocationField,
    Text,
    location,
    money,
)
from api.serializing import json_of
from payments import configuration
from payments.models import Hold
from payments.states import HoldStatus
from requests_app.fields import RequestTypeField
from requests_app.models import NOTE_MAX_CHARS, CheerRequest, Offer, RequestType
from requests_app.states import OPEN, OfferStatus, RequestStatus
from rides.models import Ride
from rides.services import cancellation_fee, free_until
from rides.states import RideStatus

GIVE_UP_AT = serializers.DateTimeField()


class RequestTypeSerializer(serializers.ModelSerializer[RequestType]):
    class Meta:
        model = RequestType
        fields = ("slug", "name", "description", "icon")
        ref_name = "RequestType"


class OfferSerializer(serializers.ModelSerializer[Offer]):
    """A request put to a partner, until `expiresAt`. Location and note show only while it is theirs to answer."""

    offerId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    location = OptionalLocationField()
    requestType = serializers.CharField(source="request.request_type_id")
    note = serializers.SerializerMethodField()
    distanceM = serializers.IntegerField(source="distance_m")
    etaS = serializers.IntegerField(source="eta_s")
    expiresAt = serializers.DateTimeField(source="expires_at")
    status = serializers.ChoiceField(choices=OfferStatus.choices)

    class Meta:
        model = Offer
        fields = (
            "offerId",
            "requestId",
            "location",
            "requestType",
            "note",
            "distanceM",
            "etaS",
            "expiresAt",
            "status",
        )
        ref_name = "Offer"

    def get_location(self, offer: Offer) -> dict[str, float] | None:
        shown = offer.status in (OfferStatus.PENDING, OfferStatus.ACCEPTED)
        return location(offer.request.lat, offer.request.lng) if shown else None

    def get_note(self, offer: Offer) -> str:
        return offer.request.note if offer.status in (OfferStatus.PENDING, OfferStatus.ACCEPTED) else ""


class CancellationSerializer(serializers.Serializer[Any]):
    """What cancelling costs: `fee` right now, and `lateFee` once `freeUntil` has passed (null: free as yet)."""

    fee = MoneySerializer()
    lateFee = MoneySerializer()
    freeUntil = serializers.DateTimeField(allow_null=True)

    class Meta:
        ref_name = "Cancellation"


class BookingHoldSerializer(serializers.Serializer[Any]):
    """What is held on the card for a request. While it is `requires_action`, the user confirms it at `confirmUrl`."""

    status = serializers.ChoiceField(choices=HoldStatus.choices)
    amount = MoneySerializer()
    confirmUrl = serializers.CharField(allow_null=True)

    class Meta:
        ref_name = "BookingHold"


class CheerRequestSerializer(serializers.ModelSerializer[CheerRequest]):
    """A request. `offer` shows to the offered partner and to staff; `partner` to the user while being served.

    Context: `viewer`, and whether the partner's position is shown: `live`, which is asked of Valkey.
    """

    requestId = serializers.UUIDField(source="id")
    userId = serializers.UUIDField(source="user_id")
    location = LocationField()
    requestType = serializers.CharField(source="request_type_id")
    status = serializers.ChoiceField(choices=RequestStatus.choices)
    createdAt = serializers.DateTimeField(source="created_at")
    region = serializers.CharField(source="region.slug")
    offer = serializers.SerializerMethodField()
    rideId = serializers.SerializerMethodField()
    partner = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    cancellation = serializers.SerializerMethodField(help_text="Only for its user, while it can be cancelled.")
    searchRadiusM = serializers.SerializerMethodField(help_text="Only for its user, while a partner is looked for.")
    giveUpAt = serializers.SerializerMethodField(help_text="Only for its user, while a partner is looked for.")
    hold = serializers.SerializerMethodField(help_text="Only for the user, until a partner is looked for.")

    class Meta:
        model = CheerRequest
        fields = (
            "requestId",
            "userId",
            "location",
            "requestType",
            "note",
            "status",
            "createdAt",
            "region",
            "attempts",
            "offer",
            "rideId",
            "partner",
            "reason",
            "cancellation",
            "searchRadiusM",
            "giveUpAt",
            "hold",
        )
        ref_name = "CheerRequest"

    def get_location(self, request: CheerRequest) -> dict[str, float] | None:
        return location(request.lat, request.lng)

    @extend_schema_field(OfferSerializer(allow_null=True))
    def get_offer(self, request: CheerRequest) -> dict[str, Any] | None:
        if self._viewer.pk == request.user_id or request.status != RequestStatus.OFFERED:
            return None
        offer = Offer.objects.select_related("request").filter(request=request, status=OfferStatus.PENDING).first()
        return json_of(OfferSerializer, offer) if offer else None

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_rideId(self, request: CheerRequest) -> str | None:
        ride = self._ride(request)
        return str(ride.pk) if ride else None

    @extend_schema_field(VisiblePartnerSerializer(allow_null=True))
    def get_partner(self, request: CheerRequest) -> dict[str, Any] | None:
        if request.status != RequestStatus.ACCEPTED or self._viewer.role == Role.PARTNER:
            return None
        ride = self._ride(request)
        if ride is None:
            return None
        position = current_location(ride.partner) if self.context["live"] else None
        return json_of(VisiblePartnerSerializer, ride.partner, position=position)

    def get_reason(self, request: CheerRequest) -> str | None:
        return request.closed_because or None

    @extend_schema_field(CancellationSerializer(allow_null=True))
    def get_cancellation(self, request: CheerRequest) -> dict[str, Any] | None:
        if self._viewer.pk != request.user_id or request.status not in OPEN:
            return None
        ride, region = self._ride(request), request.region
        if ride is None:
            fee, until, currency = 0, None, region.currency
        elif ride.status == RideStatus.EN_ROUTE:
            fee, until = cancellation_fee(ride, region, timezone.now()), free_until(ride, region)
            currency = ride.tariff_currency
        else:
            return None
        body = {
            "fee": money(fee, currency),
            "lateFee": money(region.cancellation_fee_amount, currency),
            "freeUntil": until,
        }
        return json_of(CancellationSerializer, body)

    def get_searchRadiusM(self, request: CheerRequest) -> int | None:
        radii = settings.MATCH_RADIUS_M
        return int(radii[min(request.wave, len(radii) - 1)]) if self._is_looked_for(request) else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_giveUpAt(self, request: CheerRequest) -> str | None:
        shown = self._is_looked_for(request)
        return GIVE_UP_AT.to_representation(request.give_up_at) if shown else None

    def _is_looked_for(self, request: CheerRequest) -> bool:
        waiting = request.status in (RequestStatus.PENDING, RequestStatus.OFFERED)
        return waiting and self._viewer.pk == request.user_id

    @extend_schema_field(BookingHoldSerializer(allow_null=True))
    def get_hold(self, request: CheerRequest) -> dict[str, Any] | None:
        shown = (
            configuration.enabled() and request.status == RequestStatus.PENDING and self._viewer.pk == request.user_id
        )
        hold = Hold.objects.filter(request=request, number=1).first() if shown else None
        if hold is None:
            return None
        asks = hold.status == HoldStatus.REQUIRES_ACTION
        return {
            "status": hold.status,
            "amount": money(hold.amount, hold.currency),
            "confirmUrl": f"/wallet/confirm/hold/{hold.pk}" if asks else None,
        }

    @property
    def _viewer(self) -> User:
        viewer: User = self.context["viewer"]
        return viewer

    def _ride(self, request: CheerRequest) -> Ride | None:
        if request.status not in (RequestStatus.ACCEPTED, RequestStatus.COMPLETED, RequestStatus.CANCELLED):
            return None
        if request.status == RequestStatus.CANCELLED and not Ride.objects.filter(request=request.pk).exists():
            return None  # called off before anybody came: the usual case, found out cheaply
        rides = Ride.objects.select_related("partner__region").filter(request=request)
        if request.status != RequestStatus.CANCELLED:
            rides = rides.exclude(status=RideStatus.CANCELLED)
        return rides.order_by("-accepted_at").first()


def request_body(request: CheerRequest, viewer: User, *, live: bool = False) -> dict[str, Any]:
    """A request's JSON for one reader; `live`, outside of transactions only, with the partner's position."""
    return json_of(CheerRequestSerializer, request, viewer=viewer, live=live)


def offer_body(offer: Offer) -> dict[str, Any]:
    """An offer's JSON."""
    return json_of(OfferSerializer, offer)


class CheerRequestInput(serializers.Serializer[Any]):
    location = LocationSerializer()
    requestType = RequestTypeField(required=False)
    note = Text(max_length=NOTE_MAX_CHARS, required=False, allow_blank=True, default="")


class AcceptInput(serializers.Serializer[Any]):
    """Either `offerId`, or the `requestId` of a request of which this partner holds the open offer: one is needed."""

    offerId = Identifier(required=False)
    requestId = Identifier(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either offerId or requestId.")
        return attrs

    class Meta:
        ref_name = "RideAcceptInput"
        min_properties = 1


class DeclineInput(serializers.Serializer[Any]):
    offerId = Identifier()
    reason = Text(max_length=200, required=False, allow_blank=True, default="")

    class Meta:
        ref_name = "RideDeclineInput"


class CancelInput(serializers.Serializer[Any]):
    reason = Text(max_length=200, required=False, allow_blank=True, default="")


AVAILABILITY = [("available", "Online: offers arrive."), ("offline", "Offline: no offers arrive.")]


class StatusInput(serializers.Serializer[Any]):
    status = Choice(choices=AVAILABILITY)

    class Meta:
        ref_name = "PartnerStatusInput"
