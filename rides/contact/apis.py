"""Messages over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import IsUserOrPartner
from accounts.serializers import NoInput
from api.idempotency import idempotent
from api.serializing import validated
from api.throttles import MessageThrottle
from core import clock
from rides.contact import selectors, services
from rides.contact.serializers import Mark, MarkInput, MessageInput, MessageSerializer, message_body
from rides.models import Message


def _body(message: Message, caller: Any) -> dict[str, Any]:
    return message_body(message)


class RideMessages(ListAPIView[Message]):
    """Write to the other side of your ride, or read what was written."""

    permission_classes = (IsUserOrPartner,)
    throttle_classes = (MessageThrottle,)
    serializer_class = MessageSerializer

    def get_queryset(self) -> QuerySet[Message]:
        return selectors.messages_of(caller(self.request), self.kwargs["ride_id"])

    @extend_schema(operation_id="listMessages", tags=["messages"])
    def get(self, request: Request, ride_id: UUID) -> Response:
        """The messages of a ride, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="sendMessage",
        tags=["messages"],
        request=MessageInput,
        responses={201: MessageSerializer},
        examples=[
            OpenApiExample("A phrase", {"phrase": "here"}, request_only=True),
            OpenApiExample("Own words", {"text": "By the fountain"}, request_only=True),
        ],
    )
    @idempotent(_body, status=201)
    def post(self, request: Request, ride_id: UUID) -> Message:
        """Write to the other side, from acceptance until 30 minutes after the end of the session."""
        values = validated(MessageInput, request.data)
        return services.send_message(caller(request), ride_id, **values, now=clock.now())


class RideMessagesMark(APIView):
    """Mark the other side's messages, up to a number, as delivered or read."""

    permission_classes = (IsUserOrPartner,)

    @extend_schema(
        operation_id="markMessages",
        tags=["messages"],
        request=MarkInput,
        responses={204: None},
        examples=[OpenApiExample("Read", {"mark": "read", "upTo": 3}, request_only=True)],
    )
    @idempotent(status=204)
    def post(self, request: Request, ride_id: UUID) -> None:
        values = validated(MarkInput, request.data)
        mark = Mark(values["mark"])
        services.mark_messages(caller(request), ride_id, mark, up_to=values["upTo"], now=clock.now())


class MessageReport(APIView):
    """Report a message of the other side to staff. That side can then write no more about this ride."""

    permission_classes = (IsUserOrPartner,)

    @extend_schema(operation_id="reportMessage", tags=["messages"], request=None, responses={204: None})
    @idempotent(status=204)
    def post(self, request: Request, message_id: UUID) -> None:
        validated(NoInput, request.data)
        services.report_message(caller(request), message_id, now=clock.now())
