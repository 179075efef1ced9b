"""The JSON of requests and offers, each for one reader."""

from typing import Any

from django.db import DatabaseError
from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Role, User
from accounts.serializers import VisiblePartnerSerializer
from api.fields import Choice, Identifier, LocationField, LocationSerializer, MoneySerializer, Text, location, money
from payments import gateway
from payments.models import Hold
from payments.states import HoldStatus
from requests_app.models import NOTE_MAX_CHARS, CheerRequest, Offer, RequestType
from requests_app.selectors import request_types
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.states import RideStatus


class RequestTypeSerializer(serializers.ModelSerializer[RequestType]):
    class Meta:
        model = RequestType
        fields = ("slug", "name", "description", "icon")
        ref_name = "RequestType"


class OfferSerializer(serializers.ModelSerializer[Offer]):
    """A request put to a partner, until `expiresAt`. Location and note show only while it is theirs to answer."""

    offerId = serializers.UUIDField(source="id")
    requestId = serializers.UUIDField(source="request_id")
    location = LocationField()
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


class BookingHoldSerializer(serializers.Serializer[Any]):
    """What is held on the card for a request. While it is `requires_action`, the user confirms it at `confirmUrl`."""

    status = serializers.ChoiceField(choices=HoldStatus.choices)
    amount = MoneySerializer()
    confirmUrl = serializers.CharField(allow_null=True)

    class Meta:
        ref_name = "BookingHold"


class CheerRequestSerializer(serializers.ModelSerializer[CheerRequest]):
    """A request. `offer` shows to the offered partner and to staff; `partner` to the user while being served."""

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
        return dict(OfferSerializer(offer).data) if offer else None

    def get_rideId(self, request: CheerRequest) -> str | None:
        ride = self._ride(request)
        return str(ride.pk) if ride else None

    @extend_schema_field(VisiblePartnerSerializer(allow_null=True))
    def get_partner(self, request: CheerRequest) -> dict[str, Any] | None:
        if request.status != RequestStatus.ACCEPTED or self._viewer.role == Role.PARTNER:
            return None
        ride = self._ride(request)
        return dict(VisiblePartnerSerializer(ride.partner).data) if ride else None

    def get_reason(self, request: CheerRequest) -> str | None:
        return request.closed_because or None

    @extend_schema_field(BookingHoldSerializer(allow_null=True))
    def get_hold(self, request: CheerRequest) -> dict[str, Any] | None:
        shown = gateway.enabled() and request.status == RequestStatus.PENDING and self._viewer.pk == request.user_id
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
        rides = Ride.objects.select_related("partner__region").filter(request=request)
        if request.status != RequestStatus.CANCELLED:
            rides = rides.exclude(status=RideStatus.CANCELLED)
        return rides.order_by("-accepted_at").first()


def request_body(request: CheerRequest, viewer: User) -> dict[str, Any]:
    """A request's JSON for one reader."""
    return dict(CheerRequestSerializer(request, context={"viewer": viewer}).data)


def offer_body(offer: Offer) -> dict[str, Any]:
    """An offer's JSON."""
    return dict(OfferSerializer(offer).data)


class RequestTypeField(serializers.SlugRelatedField[RequestType]):
    """The slug of a kind of cheer that may be asked for."""

    default_error_messages = {"does_not_exist": "No such request type; GET /requestType lists them."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="slug", queryset=request_types(), **kwargs)

    def to_internal_value(self, data: Any) -> RequestType:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class RequestTypeFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Lists the slugs of the moment, where there is a database to read them from."""

    target_class = RequestTypeField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        try:
            slugs = list(request_types().values_list("slug", flat=True))
        except DatabaseError:
            slugs = []
        return {"type": "string", "enum": slugs} if slugs else {"type": "string"}


class CheerRequestInput(serializers.Serializer[Any]):
    location = LocationSerializer()
    requestType = RequestTypeField(required=False)
    note = Text(max_length=NOTE_MAX_CHARS, required=False, allow_blank=True, default="")


class AcceptInput(serializers.Serializer[Any]):
    """An offer, or a request of which this partner holds the open offer."""

    offerId = Identifier(required=False)
    requestId = Identifier(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either offerId or requestId.")
        return attrs


class AcceptInputSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says that it is one or the other."""

    target_class = AcceptInput

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "oneOf": [{"required": [name]} for name in schema["properties"]]}


class DeclineInput(serializers.Serializer[Any]):
    offerId = Identifier()
    reason = Text(max_length=200, required=False, allow_blank=True, default="")


class CancelInput(serializers.Serializer[Any]):
    reason = Text(max_length=200, required=False, allow_blank=True, default="")


class StatusInput(serializers.Serializer[Any]):
    status = Choice(choices=["available", "offline"])
