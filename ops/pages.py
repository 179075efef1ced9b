"""The staff page."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.models import Role
from accounts.permissions import VIEW_STAFF_PAGE
from accounts.sessions import made_by_page
from ops.live.alerts import ALERTS
from ops.live.frames import maps, whole
from ops.live.marks import MAP
from ops.live.seeing import kinds_hidden_from, slugs_seen_by
from ops.staff_links import UNDER_WAY, lines, parts, staff_cards
from regions.selectors import active_regions
from web.access import UserRequest, page_for
from web.page_data import region_data, tiles


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def staff(request: UserRequest) -> HttpResponse:
    """Show live counts, with links into the admin, the last hour, and the health of every part."""
    slugs = slugs_seen_by(request.user)
    regions = [region for region in active_regions() if slugs is None or region.slug in slugs]
    shown = whole(request.user)
    hidden = kinds_hidden_from(request.user)
    has_map = MAP not in hidden
    context = {
        "cards": staff_cards(shown["counts"]),
        "under_way": UNDER_WAY,
        "lines": lines(with_revenue="revenue" not in hidden),
        "parts": parts(regions),
        "regions": regions,
        "has_map": has_map,
        "has_alerts": ALERTS not in hidden,
        "page_data": {
            **shown,
            "regions": [region_data(region) for region in regions] if has_map else [],
            "tiles": tiles(),
        },
    }
    return render(request, "web/staff.html", context)


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def staff_now(request: UserRequest) -> HttpResponse:
    """Answer as the socket's `hello` does, for a page that has lost its socket and asks again and again."""
    made_by_page(request)
    return JsonResponse({"live": whole(request.user)["live"], "maps": maps(request.user)})
