"""The forecast of demand over HTTP, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.permissions import require
from accounts.staff_regions import may_see_region
from api.fields import Choice, LocationSerializer, Text, Time
from api.serializing import json_of, validated
from core.errors import Missing
from insights.forecast.features import Horizon
from insights.forecast.grids import GRIDS
from insights.forecast.models import Method
from insights.forecast.selectors import VIEW_FORECAST, forecast_of
from regions.selectors import region_by_slug
from staff_api.lists import SLUG_MAX_CHARS
from staff_api.steps import TAG

LENGTHS = [(str(grid.minutes), f"{grid.minutes} minutes, cells of resolution {grid.resolution}") for grid in GRIDS]


class ForecastQuery(serializers.Serializer[Any]):
    region = Text(max_length=SLUG_MAX_CHARS, help_text="The slug of a region.")
    minutes = Choice(choices=LENGTHS, default=LENGTHS[0][0], help_text="The length of a slot.")
    at = Time(required=False, help_text="A moment of today or tomorrow; without it, the slot begins now.")


class CellForecastSerializer(serializers.Serializer[Any]):
    """The requests to expect in a cell."""

    cell = serializers.CharField(help_text="The H3 index.")
    location = LocationSerializer(source="*", help_text="Its centre.")
    mean = serializers.FloatField()
    p10 = serializers.IntegerField()
    p50 = serializers.IntegerField()
    p90 = serializers.IntegerField()

    class Meta:
        ref_name = "CellForecast"


class SlotForecastSerializer(serializers.Serializer[Any]):
    """The requests to expect in the whole region."""

    startsAt = Time(source="starts_at")
    mean = serializers.FloatField()

    class Meta:
        ref_name = "SlotForecast"


class ForecastModelSerializer(serializers.Serializer[Any]):
    """A version of a region's forecast."""

    version = serializers.IntegerField()
    method = serializers.ChoiceField(choices=Method.choices)
    trainedAt = Time(source="trained_at")
    days = serializers.IntegerField(help_text="Days with requests that it was learnt from.")

    class Meta:
        ref_name = "ForecastModel"


class ForecastSerializer(serializers.Serializer[Any]):
    """The requests that a region is to expect."""

    region = serializers.CharField(source="region.slug")
    minutes = serializers.IntegerField()
    horizon = serializers.ChoiceField(choices=[(horizon.value, horizon.value) for horizon in Horizon])
    startsAt = Time(source="starts_at", allow_null=True, help_text="Of the slot; null: it is not foreseen.")
    madeAt = Time(source="made_at", allow_null=True)
    model = ForecastModelSerializer(allow_null=True, help_text="The newest; null before the first.")
    errorRatio = serializers.FloatField(
        source="error_ratio",
        allow_null=True,
        help_text="The error of the last week by what the forecast expects: about 1 where it fits; null: not known.",
    )
    cells = CellForecastSerializer(many=True, help_text="Of the slot, the busiest first.")
    slots = SlotForecastSerializer(many=True, help_text="Those of today and tomorrow that are not over.")

    class Meta:
        ref_name = "Forecast"


class StaffForecast(APIView):
    """The forecast of a region's demand."""

    @extend_schema(
        operation_id="getStaffForecast", tags=TAG, parameters=[ForecastQuery], responses={200: ForecastSerializer}
    )
    def get(self, request: Request) -> Response:
        """The requests that a region is to expect by cell in one slot, and in total for today and tomorrow."""
        require(caller(request), VIEW_FORECAST)
        asked = validated(ForecastQuery, request.query_params.dict())
        region = region_by_slug(asked["region"])
        if region is None or not may_see_region(caller(request), region.pk):
            raise Missing
        found = forecast_of(region, int(asked["minutes"]), at=asked.get("at"))
        return Response(json_of(ForecastSerializer, found))
