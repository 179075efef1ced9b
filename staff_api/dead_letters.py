"""Dead letters over HTTP, for staff."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import require
from api.fields import Choice
from api.serializing import json_of
from core import clock
from requests_app.care import Care, cared_for
from requests_app.models import CheerRequest
from requests_app.selectors import VIEW_REQUEST
from requests_app.states import RequestStatus
from staff_api.lists import ListQuery, StaffList, is_limited, row_within, shown
from staff_api.request_serializers import StaffDeadLetterSerializer, StaffRequestDetailSerializer
from staff_api.requests import TAG, all_requests


def dead_letters() -> QuerySet[CheerRequest]:
    """The requests that are dead letters now."""
    return all_requests().filter(status=RequestStatus.NO_MATCH)


class DeadLetterQuery(ListQuery):
    care = Choice(choices=Care.choices, required=False, help_text="Your own, nobody's, or those that are overdue.")


@extend_schema_view(get=extend_schema(operation_id="listStaffDeadLetters", tags=TAG, parameters=[DeadLetterQuery]))
class StaffDeadLetters(StaffList):
    """Requests that were given up, newest first."""

    model, right, query = CheerRequest, VIEW_REQUEST, DeadLetterQuery
    serializer_class = StaffDeadLetterSerializer

    @property
    def newest_by(self) -> str | None:
        """An index has all dead letters in order, but not those of a region or of somebody."""
        chosen = {"care", "region"} & self.said.keys() or is_limited(caller(self.request))
        return None if chosen else self.moment

    def rows(self) -> QuerySet[CheerRequest]:
        return dead_letters().filter(cared_for(self.said.get("care"), caller(self.request), now=clock.now()))


class StaffDeadLetterRow(APIView):
    """A request that is a dead letter now. That it is looked at is recorded."""

    @extend_schema(operation_id="getStaffDeadLetter", tags=TAG, responses={200: StaffRequestDetailSerializer})
    def get(self, request: Request, request_id: UUID) -> Response:
        require(caller(request), VIEW_REQUEST)
        row = row_within(dead_letters(), caller(request), "region", request_id)
        return Response(json_of(StaffRequestDetailSerializer, shown(request, row)))
