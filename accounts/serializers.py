"""Serializers of accounts, partners, tokens and position reports."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from accounts.locations import Located, stored_location
from accounts.models import Partner, Role, User
from accounts.states import Application, PartnerStatus, PartnerType
from api.fields import Choice, Float, LocationSerializer, Name, OptionalLocationField, Text, Time, Verbatim, location
from api.serializing import json_of


class UserSerializer(serializers.ModelSerializer[User]):
    userId = serializers.UUIDField(source="id")
    role = serializers.ChoiceField(choices=Role.choices)

    class Meta:
        model = User
        fields = ("userId", "email", "name", "role")
        ref_name = "User"


class PartnerSerializer(serializers.ModelSerializer[Partner]):
    """A partner, as shown to themselves and to staff. The context's `position` is their location, or None."""

    partnerId = serializers.UUIDField(source="id")
    currentLocation = OptionalLocationField()
    region = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, allow_null=True)
    rating = serializers.FloatField(allow_null=True)
    status = serializers.ChoiceField(choices=PartnerStatus.choices)
    application = serializers.ChoiceField(choices=Application.choices)

    class Meta:
        model = Partner
        fields = ("partnerId", "name", "type", "phone", "status", "currentLocation", "region", "rating", "application")
        ref_name = "Partner"

    def get_currentLocation(self, partner: Partner) -> dict[str, float] | None:
        position = self.context["position"]
        return location(position.lat, position.lng) if position else None


def user_body(user: User, viewer: object = None) -> dict[str, Any]:
    """An account's JSON."""
    return json_of(UserSerializer, user)


def stored_partner_body(partner: Partner, viewer: object = None) -> dict[str, Any]:
    """A partner's JSON with the last position in the database, for partners who are not at work."""
    return json_of(PartnerSerializer, partner, position=stored_location(partner))


def partner_body(found: Located, viewer: object = None) -> dict[str, Any]:
    """A partner's JSON, for themselves or for staff."""
    return json_of(PartnerSerializer, found.partner, position=found.position)


class VisiblePartnerSerializer(serializers.Serializer[Any]):
    """A partner as the user sees them, from acceptance to completion."""

    partnerId = serializers.UUIDField(source="id")
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=PartnerType.choices)
    rating = serializers.FloatField(allow_null=True)
    currentLocation = LocationSerializer(source="location", allow_null=True)

    class Meta:
        ref_name = "VisiblePartner"


class MeSerializer(UserSerializer):
    """The signed-in account, with its partner if it is one."""

    partner = serializers.SerializerMethodField()

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "partner")  # type: ignore[assignment]
        ref_name = "Me"

    def get_partner(self, user: User) -> PartnerSerializer(allow_null=True):  # type: ignore[valid-type]
        partner = Partner.objects.select_related("region").filter(user=user).first()
        return partner_body(Located.now(partner)) if partner else None


EMAIL_MAX_CHARS = 254


class NoInput(serializers.Serializer[Any]):
    """An empty body. A body that is sent must still be valid JSON."""


class LoginInput(serializers.Serializer[Any]):
    email = Text(max_length=EMAIL_MAX_CHARS)
    password = Verbatim(max_length=128, trim_whitespace=False)
    otp = Text(
        max_length=32,
        required=False,
        allow_blank=True,
        default="",
        help_text=(
            "For an account with a second factor: the code that its authenticator app shows, or one of its recovery "
            "codes. Without it such an account gets 401 `mfa_required`, with a wrong one 401 `mfa_failed`."
        ),
    )


class SignupInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=EMAIL_MAX_CHARS)
    password = Verbatim(max_length=128, trim_whitespace=False)
    name = Name(max_length=80, required=False, allow_blank=True, default="")

    def validate_email(self, email: str) -> str:
        email = email.lower()
        if len(email) > EMAIL_MAX_CHARS:  # the lower case of "İ" has two characters
            raise serializers.ValidationError("This address is too long.", code="max_length")
        return email


class SessionSerializer(serializers.Serializer[Any]):
    """A token: send it as `Authorization: Bearer <token>` until `expiresAt`."""

    token = serializers.CharField()
    expiresAt = serializers.DateTimeField()
    user = UserSerializer()

    class Meta:
        ref_name = "Session"


class TicketSerializer(serializers.Serializer[Any]):
    """A socket ticket: append it to a socket's address as `?ticket=<ticket>`, once and before `expiresAt`."""

    ticket = serializers.CharField()
    expiresAt = serializers.DateTimeField()

    class Meta:
        ref_name = "SocketTicket"


PHONE = r"^([-+(). ]*[0-9]){6,}[-+(). ]*$"  # six digits or more, with the usual separators


class ApplicationInput(serializers.Serializer[Any]):
    name = Name(max_length=80, required=False, help_text="How users will know you; your account's name if left out.")
    type = Choice(
        choices=PartnerType.choices,
        required=False,
        default=PartnerType.CHEERLEADER,
        help_text="`cheerleader` if left out.",
    )
    phone = Text(max_length=32, validators=[RegexValidator(PHONE, "Not a phone number.")])

    class Meta:
        ref_name = "PartnerApplicationInput"


class PositionInput(serializers.Serializer[Any]):
    """A position report. Reports are ordered by `recordedAt`, the device's own time."""

    location = LocationSerializer()
    accuracyM = Float(required=False, allow_null=True, min_value=0, max_value=1e7)
    heading = Float(required=False, allow_null=True, min_value=0, max_value=360)
    speedMps = Float(required=False, allow_null=True, min_value=0, max_value=1e4)
    recordedAt = Time(required=False)


class DecisionInput(serializers.Serializer[Any]):
    reason = Text(max_length=200, required=False, allow_blank=True, default="")

    class Meta:
        ref_name = "PartnerDecisionInput"
