"""Figures of a region over HTTP, for staff."""

from collections.abc import Iterator
from itertools import islice

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.models import Role
from accounts.permissions import NOT_PERMITTED, require
from api.files import CSVRenderer
from api.serializing import json_of, validated
from core import clock
from core.errors import Forbidden, Missing
from insights.pages.asked import Asked
from insights.pages.figures import FIGURES
from insights.pages.hourly import hourly_csv
from insights.pages.query import DAYS_MAX, DAYS_MAX_OF_FILE, FigureQuery, asked_of, region_for
from insights.pages.serializers import FigureSerializer
from requests_app.selectors import VIEW_REQUEST

TAG = ["insights"]
LINES_AT_ONCE = 1000  # of a file: each piece is handed from a thread to the event loop
REGION = OpenApiParameter("region_slug", str, OpenApiParameter.PATH, description="The slug of a region.")
FIGURE = OpenApiParameter("figure", str, OpenApiParameter.PATH, enum=list(FIGURES))
FORMAT = OpenApiParameter("format", exclude=True)  # the Accept header selects the format


def _asked(request: Request, region_slug: str, days_max: int) -> Asked:
    region = region_for(caller(request), region_slug)
    said = validated(FigureQuery, request.query_params.dict())
    return asked_of(region, said, now=clock.now(), days_max=days_max)


def _file(lines: Iterator[str], asked: Asked, name: str) -> StreamingHttpResponse:
    file = f"{asked.region.slug}-{name}-{asked.first}-{asked.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return StreamingHttpResponse(_pieces(lines), content_type="text/csv; charset=utf-8", headers=headers)


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    while piece := "".join(islice(lines, LINES_AT_ONCE)):
        yield piece


class RegionFigure(APIView):
    """A figure of a region, as JSON or CSV. Figures of fewer than five people are hidden."""

    renderer_classes = (JSONRenderer, CSVRenderer)

    @extend_schema(
        operation_id="getFigure",
        tags=TAG,
        parameters=[REGION, FIGURE, FigureQuery, FORMAT],
        responses={(200, "application/json"): FigureSerializer, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, region_slug: str, figure: str) -> HttpResponseBase:
        if caller(request).role != Role.STAFF:
            raise Forbidden("permission_denied", NOT_PERMITTED)
        found = FIGURES.get(figure)
        if found is None:
            raise Missing
        require(caller(request), *found.rights)
        asked = _asked(request, region_slug, DAYS_MAX)
        table = found.table(asked)
        if isinstance(request.accepted_renderer, CSVRenderer):
            return _file(table.csv(), asked, figure)
        about = {
            "figure": figure,
            "region": asked.region.slug,
            "firstDay": asked.first,
            "lastDay": asked.last,
            "requestType": asked.kind if found.per_kind else None,
        }
        return Response(json_of(FigureSerializer, {**about, **table.body()}))


class RegionHours(APIView):
    """The facts of a region about requests as a CSV file, a row for each hour and kind of cheer."""

    renderer_classes = (CSVRenderer,)

    @extend_schema(
        operation_id="getHourlyFacts",
        tags=TAG,
        parameters=[REGION, FigureQuery, FORMAT],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, region_slug: str) -> HttpResponseBase:
        """The file is made while it is sent, and may be of any number of days."""
        require(caller(request), VIEW_REQUEST)
        asked = _asked(request, region_slug, DAYS_MAX_OF_FILE)
        return _file(hourly_csv(asked), asked, "hours")
