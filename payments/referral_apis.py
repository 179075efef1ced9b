"""Inviting friends over HTTP. A friend's code is entered where promotion codes are: `POST /credit/code`."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import IsUser
from accounts.serializers import NoInput
from api.fields import MoneySerializer
from api.idempotency import idempotent
from api.schema import MEANINGS, ErrorsSerializer
from api.serializing import json_of, validated
from core import clock
from payments.referrals import Invitations, invitations_of, make_code
from payments.states import ReferralStatus


class ReferralSerializer(serializers.Serializer[Any]):
    """Your code for friends, and what has come of it."""

    code = serializers.CharField(allow_null=True, help_text="Null until you ask for one with `POST /referral`.")
    credits = MoneySerializer(
        many=True, help_text="What you and your friend are given each, by the currency of their first cheer."
    )
    waiting = serializers.IntegerField(help_text="Friends who have entered it, and for whom nothing is given yet.")
    given = serializers.IntegerField(help_text="Friends for whom you were given credit.")
    perYear = serializers.IntegerField(source="per_year", help_text="The most of them within a year.")
    entered = serializers.ChoiceField(
        choices=ReferralStatus.choices, allow_null=True, help_text="What has come of the code that you have entered."
    )

    class Meta:
        ref_name = "Referral"


def referral_body(invitations: Any, viewer: object = None) -> dict[str, Any]:
    """The JSON of a user's own code and what has come of it."""
    return json_of(ReferralSerializer, invitations)


class OwnReferral(APIView):
    """Your code for friends. 409 `referrals_off` where nothing is given for inviting them."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="getReferral",
        tags=["payments"],
        responses={200: ReferralSerializer, 409: OpenApiResponse(ErrorsSerializer, description=MEANINGS["409"])},
    )
    def get(self, request: Request) -> Response:
        return Response(referral_body(invitations_of(caller(request))))

    @extend_schema(
        operation_id="makeReferralCode", tags=["payments"], request=None, responses={200: ReferralSerializer}
    )
    @idempotent(referral_body)
    def post(self, request: Request) -> Invitations:
        """Make your code, if you have none yet."""
        validated(NoInput, request.data)
        return make_code(caller(request), now=clock.now())
