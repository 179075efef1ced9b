"""The question and the answer of `GET /estimate`."""

from typing import Any

from rest_framework import serializers

from api.fields import Degrees, TariffSerializer
from requests_app.serializers import RequestTypeField


class EstimateQuery(serializers.Serializer[Any]):
    lat = Degrees(min_value=-90, max_value=90, help_text="WGS 84 degrees.")
    lng = Degrees(min_value=-180, max_value=180, help_text="WGS 84 degrees.")
    requestType = RequestTypeField(required=False)


class RangeSerializer(serializers.Serializer[Any]):
    """Seconds that half, and nine of ten, take at most, in whole minutes; null where it is not known."""

    p50 = serializers.IntegerField(allow_null=True)
    p90 = serializers.IntegerField(allow_null=True)

    class Meta:
        ref_name = "Range"


class EstimateSerializer(serializers.Serializer[Any]):
    """An estimate of a request at a place now.

    It is the same for places within about a kilometre, and changes once a minute at most.
    """

    waitS = RangeSerializer(source="wait_s", help_text="Until somebody is there.")
    arrivalS = RangeSerializer(source="arrival_s", help_text="The way of the partner, once they have accepted.")
    price = TariffSerializer()
    chance = serializers.FloatField(
        min_value=0,
        max_value=1,
        allow_null=True,
        help_text="The share of recent requests there that were matched, to 0.05; null: fewer than five people asked.",
    )

    class Meta:
        ref_name = "Estimate"
