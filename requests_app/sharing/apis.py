"""Share links over HTTP: users make and delete them, and anyone who has one reads the cheer."""

from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import IsUser
from accounts.serializers import NoInput
from api.idempotency import idempotent
from api.serializing import validated
from core import clock
from requests_app.sharing import links
from requests_app.sharing.serializers import SharedCheerSerializer, ShareLinkSerializer, shared_body


class CheerRequestShare(APIView):
    """Create a link that shows this cheer to anyone who has it, for some hours."""

    permission_classes = (IsUser,)

    # Not idempotent by key: the answer carries the token, which is stored nowhere.
    @extend_schema(
        operation_id="shareCheerRequest", tags=["cheerRequests"], request=None, responses={201: ShareLinkSerializer}
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        validated(NoInput, request.data)
        token, expires_at = links.share_request(caller(request), request_id, now=clock.now())
        url = request.build_absolute_uri(reverse("shared-cheer", args=[token]))
        return Response(ShareLinkSerializer({"url": url, "expiresAt": expires_at}).data, status=201)


class CheerRequestUnshare(APIView):
    """Delete every link to this cheer."""

    permission_classes = (IsUser,)

    @extend_schema(operation_id="unshareCheerRequest", tags=["cheerRequests"], request=None, responses={204: None})
    @idempotent(status=204)
    def post(self, request: Request, request_id: UUID) -> None:
        validated(NoInput, request.data)
        links.stop_sharing(caller(request), request_id)


class SharedCheer(APIView):
    """A cheer that another user has shared with you."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="getSharedCheer", tags=["cheerRequests"], responses={200: SharedCheerSerializer})
    def get(self, request: Request, share_token: str) -> Response:
        return Response(shared_body(links.shared_request(share_token, now=clock.now())))
