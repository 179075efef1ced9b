"""A cheer by its five calls, each with a new key, for tests of what it costs."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from requests_app.models import Offer
from requests_app.selectors import request_types_by_slug
from tests.cast import at, north

# Savepoints are the tests' own; the others are remembered for a while, and read again in a slow test only.
OTHERS = ("SAVEPOINT", 'FROM "regions_region"', 'FROM "requests_app_requesttype"')
Call = Callable[[str, dict[str, object]], tuple[list[str], dict[str, str]]]


def caller(user_api: APIClient, partner_api: APIClient) -> Call:
    """Return what makes a call with a new key; it returns the call's statements and its answer."""
    keys = iter(range(1000))

    def call(path: str, body: dict[str, object]) -> tuple[list[str], dict[str, str]]:
        api = user_api if path == "/cheerRequest" else partner_api
        with CaptureQueriesContext(connection) as done:
            answer = api.post(path, body, headers={"Idempotency-Key": str(next(keys))})
        assert answer.status_code < 300, answer.content
        said = [query["sql"] for query in done.captured_queries if not any(part in query["sql"] for part in OTHERS)]
        return said, answer.json()

    return call


def cheer(call: Call) -> dict[str, list[str]]:
    """Give a cheer and return the statements of each call."""
    place = {"location": at(north(500)), "requestType": "pep_talk"}
    request_types_by_slug()  # remembered, as the regions are
    said = {}
    said["/cheerRequest"], request = call("/cheerRequest", dict(place))
    offer = Offer.objects.get(request=request["requestId"])
    said["/rideAccept"], ride = call("/rideAccept", {"offerId": str(offer.pk)})
    for path in ("/rideArrive", "/rideStart", "/rideEnd"):
        said[path], _ = call(path, {"rideId": ride["rideId"]})
    return said
