"""Requests, partners and alerts beside the map of the staff page, as their pages in the admin have them."""

from uuid import UUID

from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import Partner, Role
from accounts.permissions import VIEW_STAFF_PAGE
from alerts.models import Alert
from backoffice.sheets import sheet_of
from requests_app.models import CheerRequest
from web.access import UserRequest, page_for


def _beside(request: UserRequest, model: type[Model], pk: UUID) -> HttpResponse:
    return render(request, "web/beside.html", {"sheet": sheet_of(request, model, pk)})


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def request_beside(request: UserRequest, request_id: UUID) -> HttpResponse:
    """A part of a page with a request: its fields, its story and its steps."""
    return _beside(request, CheerRequest, request_id)


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def partner_beside(request: UserRequest, partner_id: UUID) -> HttpResponse:
    """A part of a page with a partner: their fields, their story and their steps."""
    return _beside(request, Partner, partner_id)


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def alert_beside(request: UserRequest, alert_id: UUID) -> HttpResponse:
    """A part of a page with an alert: its fields, its story and its steps."""
    return _beside(request, Alert, alert_id)
