"""Estimates of a request, over HTTP."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.schema import MEANINGS, ErrorsSerializer
from api.serializing import json_of, validated
from api.throttles import EstimateThrottle
from core import clock
from insights.arrival.estimates import estimate
from insights.arrival.serializers import EstimateQuery, EstimateSerializer


class Estimates(APIView):
    """An estimate of a request."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (EstimateThrottle,)

    @extend_schema(
        operation_id="getEstimate",
        tags=["cheerRequests"],
        parameters=[EstimateQuery],
        responses={200: EstimateSerializer, 409: OpenApiResponse(ErrorsSerializer, description=MEANINGS["409"])},
    )
    def get(self, request: Request) -> Response:
        """How long a cheer at a place would take now, what it costs, and how likely somebody comes."""
        asked = validated(EstimateQuery, request.query_params.dict())
        found = estimate(asked["lat"], asked["lng"], asked.get("requestType"), now=clock.now())
        return Response(json_of(EstimateSerializer, found))
