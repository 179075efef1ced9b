"""The staff page."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import Role
from accounts.permissions import VIEW_STAFF_PAGE
from ops.dashboard import latest_counts
from ops.staff_links import UNDER_WAY, staff_cards
from web.access import UserRequest, page_for


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def staff(request: UserRequest) -> HttpResponse:
    """Show live counts, with links into the admin."""
    counts = latest_counts()
    context = {"cards": staff_cards(counts), "under_way": UNDER_WAY, "page_data": {"counts": counts}}
    return render(request, "web/staff.html", context)
