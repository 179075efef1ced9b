"""The search of places, over HTTP."""

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializing import json_of, validated
from api.throttles import PlaceThrottle
from regions.search.selectors import places_named
from regions.search.serializers import NamedPlacesSerializer, PlaceQuery


class Places(APIView):
    """Places by name, for anyone who is signed in."""

    throttle_classes = (PlaceThrottle,)

    @extend_schema(
        operation_id="searchPlaces",
        tags=["places"],
        parameters=[PlaceQuery],
        responses={200: NamedPlacesSerializer},
    )
    def get(self, request: Request) -> Response:
        """Landmarks, zones, streets, crossings and addresses that a text may mean, where we serve."""
        asked = validated(PlaceQuery, request.query_params.dict())
        near = (asked["lat"], asked["lng"]) if "lat" in asked and "lng" in asked else None
        found = places_named(asked["q"], near=near, language=get_language() or "en")
        return Response(json_of(NamedPlacesSerializer, {"results": found}))
