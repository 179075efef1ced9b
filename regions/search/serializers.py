"""The question and the answer of `GET /place`."""

from typing import Any

from rest_framework import serializers

from api.fields import Degrees, LocationField, location
from core.texts import check_line
from regions.search.offline import Found

TEXT_MAX = 100
KINDS = ("place", "zone", "address", "crossing", "street")


class PlaceQuery(serializers.Serializer[Any]):
    q = serializers.CharField(max_length=TEXT_MAX, validators=[check_line], help_text="What people call the place.")
    lat = Degrees(min_value=-90, max_value=90, required=False, help_text="WGS 84 degrees: where the user is looking.")
    lng = Degrees(min_value=-180, max_value=180, required=False, help_text="WGS 84 degrees.")


class NamedPlaceSerializer(serializers.Serializer[Any]):
    """A place by its name. An `address` is put between the house numbers that are known along its street."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    location = LocationField()

    class Meta:
        ref_name = "NamedPlace"

    def get_location(self, found: Found) -> dict[str, float] | None:
        return location(*found.at)


class NamedPlacesSerializer(serializers.Serializer[Any]):
    """Places that a text may mean, the likeliest first; never more than six."""

    results = NamedPlaceSerializer(many=True)

    class Meta:
        ref_name = "NamedPlaces"
