"""Partners over HTTP, for staff."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.models import Partner
from accounts.permissions import require
from accounts.states import Application, PartnerStatus, PartnerType
from api.fields import Choice, Identifier
from api.serializing import json_of
from staff_api.lists import ListQuery, StaffList, row_within, shown
from staff_api.people_serializers import StaffPartnerDetailSerializer, StaffPartnerSerializer
from staff_api.steps import TAG

VIEW_PARTNER = "accounts.view_partner"


def all_partners() -> QuerySet[Partner]:
    """Partners with what is shown of others."""
    return Partner.objects.select_related("region")


class PartnerQuery(ListQuery):
    application = Choice(choices=Application.choices, required=False)
    status = Choice(choices=PartnerStatus.choices, required=False)
    type = Choice(choices=PartnerType.choices, required=False)
    userId = Identifier(required=False)


@extend_schema_view(get=extend_schema(operation_id="listStaffPartners", tags=TAG, parameters=[PartnerQuery]))
class StaffPartners(StaffList):
    """Partners, the latest to apply first."""

    model, right, query = Partner, VIEW_PARTNER, PartnerQuery
    serializer_class = StaffPartnerSerializer
    filters = {"application": "application", "status": "status", "type": "type", "userId": "user_id"}
    carried = frozenset({"userId"})

    def rows(self) -> QuerySet[Partner]:
        return all_partners()


class StaffPartnerRow(APIView):
    """A partner. That they are looked at is recorded."""

    @extend_schema(operation_id="getStaffPartner", tags=TAG, responses={200: StaffPartnerDetailSerializer})
    def get(self, request: Request, partner_id: UUID) -> Response:
        require(caller(request), VIEW_PARTNER)
        row = row_within(all_partners(), caller(request), "region", partner_id)
        return Response(json_of(StaffPartnerDetailSerializer, shown(request, row)))
