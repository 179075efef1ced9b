"""The pages. A view only reads; all changes go through the API, which the page's script calls."""

from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts.models import Partner, Role, User
from accounts.states import PartnerType
from core import clock
from core.amounts import percent
from core.errors import Missing
from core.prices import COMMISSION_WHOLE
from regions.selectors import active_regions
from requests_app.read_model import offered_prices
from requests_app.selectors import open_request_of, request_types, requests_of
from requests_app.sharing.links import shared_request
from web import page_data, selectors
from web.access import UserRequest, page_for
from web.pages import Pages

HISTORY_PAGE_SIZE = 20

HOME_OF = {Role.PARTNER: "partner", Role.STAFF: "staff"}


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show visitors the landing page and users the request screen; redirect partners and staff to their own pages."""
    user = request.user
    if not isinstance(user, User):
        context = {"request_types": request_types(), "region": next(iter(active_regions()), None)}
        return render(request, "web/landing.html", context)
    if user.role in HOME_OF:
        return redirect(HOME_OF[Role(user.role)])
    waiting = open_request_of(user)
    if waiting is not None:
        return redirect("cheer", waiting.pk)
    return render(request, "web/request.html", _request_screen(user, request.GET.get("again", "")))


def _request_screen(user: User, again: str) -> dict[str, object]:
    regions = active_regions()
    return {
        "request_types": request_types(),
        "region": next(iter(regions), None),
        "page_data": page_data.request_screen(user, regions, selectors.request_to_repeat(user, again), now=clock.now()),
    }


@page_for(Role.USER, Role.PARTNER)
def cheer(request: UserRequest, request_id: UUID) -> HttpResponse:
    """Show one request live, from the search to the receipt, to its user only."""
    found = requests_of(request.user).select_related("request_type").filter(pk=request_id).first()
    if found is None:
        raise Http404
    context = {
        "cheer": found,
        "page_data": page_data.cheer_screen(found, request.user, now=clock.now()),
        # Partners may see requests they made as users, but only users rate and tip.
        "may_thank": request.user.role == Role.USER,
    }
    return render(request, "web/cheer.html", context)


@require_safe
@never_cache
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show a shared cheer to anyone who has the link."""
    try:
        link = shared_request(token, now=clock.now())
    except Missing:
        return render(request, "web/shared_gone.html", status=404)
    context = {"cheer": link.request, "page_data": page_data.shared_screen(link, token)}
    return render(request, "web/shared.html", context)


@page_for(Role.USER, Role.PARTNER)
def history(request: UserRequest) -> HttpResponse:
    """List the account's requests, newest first."""
    pages = Pages("created_at", HISTORY_PAGE_SIZE)
    try:
        cheers = pages.paginate_queryset(selectors.history_of(request.user), Request(request))
    except NotFound:
        return redirect("history")
    return render(request, "web/history.html", {"cheers": cheers, **pages.links()})


@page_for()
def partner(request: UserRequest) -> HttpResponse:
    """Show the partner's console; redirect users to the application page."""
    if request.user.role == Role.USER:
        return redirect("become-a-partner")
    found = selectors.partner_or_403(request.user)
    now = clock.now()
    context = {
        "partner": found,
        "page_data": page_data.partner_console(found, now=now),
        "earnings": selectors.earnings_of(found, now=now),
        "rides": selectors.rides_served_by(found),
    }
    return render(request, "web/partner.html", context)


@page_for(Role.PARTNER)
def earnings(request: UserRequest) -> HttpResponse:
    """Render the part of the console that its script replaces when a ride ends."""
    found: Partner = selectors.partner_or_403(request.user)
    context = {
        "earnings": selectors.earnings_of(found, now=clock.now()),
        "rides": selectors.rides_served_by(found),
        "partner": found,
    }
    return render(request, "web/_earnings.html", context)


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Show questions and answers."""
    return render(request, "web/help.html", {"contact_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1]})


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms of service."""
    return render(request, "web/terms.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show the privacy policy."""
    return render(request, "web/privacy.html", {"days": settings.PLACES_KEPT_DAYS, "events": settings.EVENTS_KEPT_DAYS})


@page_for()
def become_a_partner(request: UserRequest) -> HttpResponse:
    """Show the partner application form."""
    if request.user.role in HOME_OF:
        return redirect(HOME_OF[Role(request.user.role)])
    context: dict[str, object] = {"partner_types": PartnerType.choices}
    if region := next(iter(active_regions()), None):
        _, share = offered_prices(region)
        context |= {"region": region, "share": share, "commission": percent(region.commission_bps, COMMISSION_WHOLE)}
    return render(request, "web/become_a_partner.html", context)
