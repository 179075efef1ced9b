"""The page of figures for staff. Its script asks the API for each figure when it comes into view."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from rest_framework.exceptions import ValidationError

from accounts.models import Role
from accounts.permissions import VIEW_STAFF_PAGE, permitted
from accounts.staff_regions import within
from api.serializing import validated
from core import clock
from core.errors import Invalid
from insights.pages.asked import Asked
from insights.pages.figures import Figure, figures_for
from insights.pages.query import FigureQuery, asked_of
from regions.models import Region
from requests_app.models import RequestType
from requests_app.selectors import VIEW_REQUEST
from web.access import UserRequest, page_for
from web.page_data import region_data, tiles


@page_for(Role.STAFF, rights=(VIEW_STAFF_PAGE,))
def staff_insights(request: UserRequest) -> HttpResponse:
    """Show the figures of a region that this member of staff has the rights for."""
    regions = list(within(Region.objects.order_by("name"), request.user, "pk"))
    if not regions:
        return render(request, "web/insights.html", {"regions": []})
    slug = request.GET.get("region", "")
    region = next((region for region in regions if slug in ("", region.slug)), None)
    if region is None:
        raise Http404
    now, problem = clock.now(), ""
    try:
        said = {name: value for name, value in request.GET.items() if value}
        asked = asked_of(region, validated(FigureQuery, said), now=now)
    except ValidationError as error:
        problem, asked = _first(error.detail), asked_of(region, {}, now=now)
    except Invalid as error:
        problem, asked = error.detail, asked_of(region, {}, now=now)
    figures = [_shown(figure, asked) for figure in figures_for(request.user)]
    context = {
        "asked": asked,
        "figures": figures,
        "hours_url": _url("hourly-facts", asked, region.slug) if permitted(request.user, VIEW_REQUEST) else "",
        "kinds": RequestType.objects.all(),
        "problem": problem,
        "regions": regions,
        "page_data": {"figures": figures, "regions": [region_data(region)], "tiles": tiles()},
    }
    return render(request, "web/insights.html", context)


def _first(detail: Any) -> str:
    """Return the first sentence of what a serializer says, which is lists of sentences by field."""
    return str(next(iter(detail.values()))[0])


def _shown(figure: Figure, asked: Asked) -> dict[str, Any]:
    return {
        "name": figure.name,
        "title": str(figure.title),
        "url": _url("figure", asked, asked.region.slug, figure.name),
        "drawing": figure.drawing.value,
        "drawn": list(figure.drawn),
        "perKind": figure.per_kind,
        "note": str(figure.note),
    }


def _url(name: str, asked: Asked, *path: str) -> str:
    query = {"firstDay": asked.first.isoformat(), "lastDay": asked.last.isoformat()}
    if asked.kind is not None:
        query["requestType"] = asked.kind
    return f"{reverse(name, args=path)}?{urlencode(query)}"
