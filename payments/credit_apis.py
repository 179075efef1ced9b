"""Credit over HTTP."""

from typing import Any

from django.db.models import QuerySet, Sum
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import IsUser
from api.addresses import address_of
from api.fields import MoneySerializer, Text, money
from api.idempotency import idempotent
from api.serializing import json_of, validated
from core import clock
from payments.books.credits import spendable
from payments.codes import Used, use
from payments.models import Credit
from payments.models.promotion import CODE_MAX_CHARS
from payments.states import CreditKind, ReferralStatus


class CreditSerializer(serializers.Serializer[Any]):
    """An amount given to a user, in minor units (cents). `left` can be spent on cheers until `expiresAt`."""

    creditId = serializers.UUIDField(source="id")
    kind = serializers.ChoiceField(choices=CreditKind.choices)
    amount = serializers.IntegerField()
    left = serializers.IntegerField()
    currency = serializers.CharField()
    region = serializers.CharField(
        source="region.slug", default=None, allow_null=True, help_text="Where it can be spent; null: in any region."
    )
    rideId = serializers.UUIDField(source="ride_id", allow_null=True)
    reason = serializers.CharField()
    shareBps = serializers.IntegerField(
        source="share_bps", allow_null=True, help_text="The share of one fare that it pays at most: 2500 is 25%."
    )
    firstCheer = serializers.BooleanField(source="first_cheer", help_text="Whether it pays for a first cheer only.")
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at")

    class Meta:
        ref_name = "Credit"


class EnteredCodeSerializer(serializers.Serializer[Any]):
    """A friend's code that was entered. Both sides are given credit once the first cheer after it has been paid."""

    status = serializers.ChoiceField(choices=ReferralStatus.choices)
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        ref_name = "EnteredCode"


class UsedCodeSerializer(serializers.Serializer[Any]):
    """The effect of a code: `credit` of a promotion code, `referral` of a friend's; the other one is null."""

    credit = CreditSerializer(allow_null=True)
    referral = EnteredCodeSerializer(allow_null=True)

    class Meta:
        ref_name = "UsedCode"


class CodeInput(serializers.Serializer[Any]):
    code = Text(max_length=CODE_MAX_CHARS)

    class Meta:
        ref_name = "CreditCodeInput"


def used_body(used: Any, viewer: object = None) -> dict[str, Any]:
    """The JSON of what has come of a code."""
    return json_of(UsedCodeSerializer, used)


class CreditBalanceSerializer(serializers.Serializer[Any]):
    """The credit that can be spent now, by currency. Credit that is good in one region only is counted, too."""

    balances = MoneySerializer(many=True)

    class Meta:
        ref_name = "CreditBalance"


@extend_schema_view(get=extend_schema(operation_id="listCredits", tags=["payments"]))
class CreditList(ListAPIView[Credit]):
    """The credits that you were given, newest first. They are spent before your card is charged."""

    permission_classes = (IsAuthenticated, IsUser)
    serializer_class = CreditSerializer
    newest_by = "created_at"

    def get_queryset(self) -> QuerySet[Credit]:
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn without a caller
            return Credit.objects.none()
        return Credit.objects.filter(user=caller(self.request)).select_related("region")


class CreditBalance(APIView):
    """The credit that you can spend."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="getCreditBalance", tags=["payments"], responses={200: CreditBalanceSerializer})
    def get(self, request: Request) -> Response:
        found = spendable(caller(request).pk, now=clock.now()).order_by("currency")
        sums = found.values_list("currency").annotate(sum=Sum("left"))
        return Response({"balances": [money(amount, currency) for currency, amount in sums]})


class CreditCode(APIView):
    """Turn a promotion code into credit, or enter a friend's code before your first cheer.

    A code that is tried too often is answered with 429.
    """

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="useCreditCode",
        tags=["payments"],
        request=CodeInput,
        responses={201: UsedCodeSerializer},
        examples=[OpenApiExample("A code", {"code": "HELLO-NYC"}, request_only=True)],
    )
    @idempotent(used_body, status=201)
    def post(self, request: Request) -> Used:
        values = validated(CodeInput, request.data)
        return use(caller(request), values["code"], address=address_of(request), now=clock.now())
