"""Web push over HTTP: the browsers that receive a push when no socket of their user or partner is open."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from django.db import transaction
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiExample, extend_schema
from py_vapid.utils import b64urldecode
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller, credential_of
from accounts.credentials import require_live
from accounts.models import Role, User
from accounts.permissions import IsUserOrPartner
from accounts.selectors import partner_of
from api.fields import Text, Verbatim
from api.idempotency import idempotent
from api.serializing import validated
from core import clock
from core.errors import Conflict
from notifications import push_service, web_push
from notifications.events import partner_recipient, user_recipient
from risk.states import TraceKind
from risk.traces import leave_trace

ENDPOINT_MAX_CHARS = 2048
AUTH_BYTES = 16
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


class PushKeySerializer(serializers.Serializer[Any]):
    publicKey = serializers.CharField(
        allow_null=True, help_text="The applicationServerKey, in base64url; null where this installation can't push."
    )

    class Meta:
        ref_name = "PushKey"


class KeysInput(serializers.Serializer[Any]):
    p256dh = Text(max_length=96)
    auth = Text(max_length=32)

    class Meta:
        ref_name = "PushKeysInput"

    def validate_p256dh(self, value: str) -> str:
        try:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b64urldecode(value.encode()))
        except (ValueError, TypeError):
            raise serializers.ValidationError("This is no point of P-256 in base64url.") from None
        return value

    def validate_auth(self, value: str) -> str:
        try:
            right = len(b64urldecode(value.encode())) == AUTH_BYTES
        except ValueError:
            right = False
        if not right:
            told = gettext("This is not %(n)s bytes in base64url.") % {"n": AUTH_BYTES}
            raise serializers.ValidationError(told)
        return value


class EndpointInput(serializers.Serializer[Any]):
    endpoint = Verbatim(max_length=ENDPOINT_MAX_CHARS)

    class Meta:
        ref_name = "PushEndpointInput"


class SubscriptionInput(EndpointInput):
    """The result of `PushSubscription.toJSON()`; its `expirationTime` is not needed."""

    keys = KeysInput()

    class Meta:
        ref_name = "PushSubscriptionInput"


class PushKey(APIView):
    """The key with which a browser subscribes to our pushes."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="getPushKey", tags=["push"], responses={200: PushKeySerializer})
    def get(self, request: Request) -> Response:
        return Response({"publicKey": push_service.public_key() if push_service.enabled() else None})


class PushSubscriptions(APIView):
    """Push offers, or news of your cheers, to this browser when no socket is open.

    The subscription ends with this call's token or session.
    """

    permission_classes = (IsUserOrPartner,)

    @extend_schema(
        operation_id="createPushSubscription",
        tags=["push"],
        request=SubscriptionInput,
        responses={204: None},
        examples=[
            OpenApiExample(
                "A browser",
                {"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAA", "keys": KEYS},
                request_only=True,
            )
        ],
    )
    @idempotent(status=204)
    def post(self, request: Request) -> None:
        values = validated(SubscriptionInput, request.data)
        if not push_service.enabled():
            raise Conflict("push_not_configured", "This installation sends no pushes.")
        credential = credential_of(request)
        with transaction.atomic():
            require_live(caller(request), credential)
            web_push.subscribe(
                _recipient(caller(request)),
                endpoint=values["endpoint"],
                **values["keys"],
                credential=credential,
                now=clock.now(),
            )
            leave_trace(caller(request).pk, TraceKind.DEVICE, values["endpoint"], now=clock.now())


class PushSubscriptionRemove(APIView):
    """Stop pushing to this browser. Does nothing if it is not subscribed."""

    permission_classes = (IsUserOrPartner,)

    @extend_schema(
        operation_id="removePushSubscription",
        tags=["push"],
        request=EndpointInput,
        responses={204: None},
        examples=[
            OpenApiExample(
                "A browser",
                {"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAA"},
                request_only=True,
            )
        ],
    )
    @idempotent(status=204)
    def post(self, request: Request) -> None:
        values = validated(EndpointInput, request.data)
        web_push.unsubscribe(_recipient(caller(request)), values["endpoint"])


def _recipient(user: User) -> str:
    """The recipient whose events are pushed: a partner's offers, a user's news."""
    return partner_recipient(partner_of(user).pk) if user.role == Role.PARTNER else user_recipient(user.pk)
