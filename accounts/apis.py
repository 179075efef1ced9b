"""Accounts, tokens and applications over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.contrib.auth import logout
from drf_spectacular.utils import OpenApiExample, extend_schema
from knox.models import AuthToken
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.applications import apply_as_partner, decide_application
from accounts.authentication import caller, credential_of
from accounts.models import Partner, User
from accounts.permissions import MayChangePartners
from accounts.reauthentication import require_recent_sign_in
from accounts.serializers import (
    ApplicationInput,
    DecisionInput,
    LoginInput,
    MeSerializer,
    NoInput,
    PartnerSerializer,
    SessionSerializer,
    SignupInput,
    TicketSerializer,
    UserSerializer,
    stored_partner_body,
    user_body,
)
from accounts.sign_in import log_in, sign_up
from accounts.sign_out import log_out
from accounts.socket_tickets import issue_socket_ticket
from accounts.staff_regions import within
from accounts.states import Application
from api.addresses import address_of
from api.attempts import SignupThrottle
from api.idempotency import idempotent
from api.serializing import validated
from backoffice.chain import acting
from backoffice.models import Channel
from core import clock
from core.errors import Missing


class Login(APIView):
    """Sign in with e-mail and password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="login",
        tags=["accounts"],
        request=LoginInput,
        responses={200: SessionSerializer},
        examples=[
            OpenApiExample("A user", {"email": "user1@demo.test", "password": "cheers-demo"}, request_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        values = validated(LoginInput, request.data)
        user, token, text = log_in(**values, address=address_of(request))
        return Response(SessionSerializer({"token": text, "expiresAt": token.expiry, "user": user}).data)


class Signup(APIView):
    """Create a user account.

    The answer is the same if the address has an account already. Then nothing is created, `userId` belongs to nobody,
    and the owner of the address gets a mail.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (SignupThrottle,)

    @extend_schema(
        operation_id="signup",
        tags=["accounts"],
        request=SignupInput,
        responses={201: UserSerializer},
        examples=[
            OpenApiExample(
                "A user",
                {"email": "ada@example.com", "password": "seventeen brass trombones", "name": "Ada"},
                request_only=True,
            )
        ],
    )
    @idempotent(user_body, status=201)
    def post(self, request: Request) -> User:
        return sign_up(**validated(SignupInput, request.data))


class Logout(APIView):
    """Revoke this call's token, or end its session, and close its sockets. Other tokens and sessions stay valid."""

    @extend_schema(operation_id="logout", tags=["accounts"], request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        validated(NoInput, request.data)
        if isinstance(request.auth, AuthToken):
            log_out(request.auth)
        else:
            logout(request._request)
        return Response(status=204)


class Me(APIView):
    """The signed-in account."""

    @extend_schema(operation_id="getMe", tags=["accounts"], responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)


class SocketTicket(APIView):
    """Issue a single-use ticket, valid for 30 s, for sockets that can't send a header."""

    @extend_schema(
        operation_id="createSocketTicket", tags=["accounts"], request=None, responses={201: TicketSerializer}
    )
    def post(self, request: Request) -> Response:
        validated(NoInput, request.data)
        ticket, expires_at = issue_socket_ticket(caller(request), credential=credential_of(request), now=clock.now())
        return Response(TicketSerializer({"ticket": ticket, "expiresAt": expires_at}).data, status=201)


class PartnerApply(APIView):
    """Become a partner. Staff approve the application before work can start."""

    @extend_schema(
        operation_id="applyAsPartner",
        tags=["partners"],
        request=ApplicationInput,
        responses={201: PartnerSerializer},
        examples=[
            OpenApiExample("A coach", {"type": "coach", "phone": "+1 212 555 0100"}, request_only=True),
        ],
    )
    @idempotent(stored_partner_body, status=201)
    def post(self, request: Request) -> Partner:
        values = validated(ApplicationInput, request.data)
        self.require_free(caller(request))
        fields = {"name": caller(request).get_short_name()[:80], **values}
        return apply_as_partner(caller(request), **fields, now=clock.now())

    def require_free(self, user: User) -> None:
        """Raise `Conflict` if unfinished work keeps the account from changing its role. Subclasses override this."""


class PartnerDecision(APIView):
    """Decide on a partner's application."""

    permission_classes = (MayChangePartners,)
    decision: ClassVar[str] = Application.APPROVED
    action: ClassVar[str] = "approve"

    def _decide(self, request: Request, partner_id: UUID) -> Partner:
        values = validated(DecisionInput, request.data)
        partners = within(Partner.objects.select_related("region"), caller(request), "region")
        partner = partners.filter(pk=partner_id).first()
        if partner is None:
            raise Missing
        reason = values["reason"]
        with acting(request, self.action, partner, reason=reason, channel=Channel.API):
            return decide_application(partner, self.decision, actor=caller(request), now=clock.now(), reason=reason)


class PartnerApprove(PartnerDecision):
    """Approve a partner, who may then go online."""

    @extend_schema(
        operation_id="approvePartner",
        tags=["partners"],
        request=DecisionInput,
        responses={200: PartnerSerializer},
        examples=[OpenApiExample("Approved", {"reason": "Met at the interview"}, request_only=True)],
    )
    @idempotent(stored_partner_body)
    def post(self, request: Request, partner_id: UUID) -> Partner:
        return self._decide(request, partner_id)


class PartnerSuspend(PartnerDecision):
    """Suspend a partner who has no offer and no ride. 403 `reauthentication_required` without a recent sign-in."""

    decision = Application.SUSPENDED
    action = "suspend"

    @extend_schema(
        operation_id="suspendPartner",
        tags=["partners"],
        request=DecisionInput,
        responses={200: PartnerSerializer},
        examples=[OpenApiExample("Suspended", {"reason": "Three complaints"}, request_only=True)],
    )
    @idempotent(stored_partner_body)
    def post(self, request: Request, partner_id: UUID) -> Partner:
        require_recent_sign_in(request)
        return self._decide(request, partner_id)
