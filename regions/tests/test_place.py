"""`GET /place`: names of places, and the geocoder of the settings."""

import json
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from core.tests.listeners import Reply, flood, listening, say
from regions.models import Region
from regions.search import geocoder
from regions.selectors import forget_regions
from tests.cast import EMPIRE_STATE, LONDON, assert_error_shape

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anew(settings: Settings) -> None:
    settings.OUTWARD_PRIVATE = ["127.0.0.1"]
    geocoder.rest.end()


def feature(at: tuple[float, float], **about: str) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [at[1], at[0]]}, "properties": about}


def answering(*features: object) -> Reply:
    body = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    return say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [found["name"] for found in answer.json()["results"]]


def test_a_place_has_name_kind_and_location(nyc: Region, user_api: APIClient) -> None:
    found = user_api.get("/place", {"q": "empire state"}).json()["results"]
    assert found == [{"name": "Empire State Building", "kind": "place", "location": {"lat": 40.7484, "lng": -73.9857}}]


def test_there_are_six_at_most(nyc: Region, user_api: APIClient) -> None:
    assert len(names(user_api.get("/place", {"q": "east"}))) <= 6
    assert len(names(user_api.get("/place", {"q": "west 1"}))) <= 6
    assert len(names(user_api.get("/place", {"q": "a"}))) == 6


def test_nothing_is_an_answer_too(nyc: Region, user_api: APIClient) -> None:
    assert names(user_api.get("/place", {"q": "zzzqq"})) == []


def test_only_where_we_serve(nyc: Region, user_api: APIClient) -> None:
    assert "Times Square" in names(user_api.get("/place", {"q": "times"}))
    Region.objects.update(boundary=[[[-1, 51], [1, 51], [1, 52], [-1, 52], [-1, 51]]])
    forget_regions()
    assert names(user_api.get("/place", {"q": "times"})) == []


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({}, "q"),
        ({"q": " "}, "q"),
        ({"q": "x" * 101}, "q"),
        ({"q": "a\u202eb"}, "q"),
        ({"q": "times", "lat": "nan", "lng": "0"}, "lat"),
        ({"q": "times", "lat": "0", "lng": "181"}, "lng"),
    ],
)
def test_bad_questions(user_api: APIClient, query: dict[str, str], attr: str) -> None:
    answer = user_api.get("/place", query)
    assert {error["attr"] for error in assert_error_shape(answer, 400)["errors"]} == {attr}


def test_whoever_is_not_signed_in_may_not_ask(anonymous: APIClient) -> None:
    assert_error_shape(anonymous.get("/place", {"q": "times"}), 401)


def test_a_geocoder_is_asked_first(nyc: Region, user_api: APIClient, settings: Settings) -> None:
    found = [
        feature((40.7484, -73.9857), housenumber="350", street="5th Avenue"),
        feature((40.7580, -73.9855), name="Times Square"),
        feature(LONDON, name="Times"),  # not where we serve
        feature((40.75, -73.98)),  # without a name
        {"geometry": None},
        "nonsense",
    ]
    with listening(answering(*found)) as server:
        settings.GEOCODER_URL = server.url
        query = {"q": "times &x=1", "lat": EMPIRE_STATE[0], "lng": EMPIRE_STATE[1]}
        assert names(user_api.get("/place", query))[:2] == ["350 5th Avenue", "Times Square"]
        assert len(names(user_api.get("/place", {"q": "times"}))) == 3  # with our own zone, and Times Square once
    line = server.heads[0].split(b"\r\n")[0].decode()
    assert line.startswith("GET /x?q=times+%26x%3D1&limit=6&lat=40.748")
    assert "&lang=en " in line


@pytest.mark.parametrize(
    "reply",
    [
        say(b"HTTP/1.1 500 No\r\n\r\n"),
        say(b"HTTP/1.1 200 OK\r\n\r\nnonsense"),
        say(b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
        flood,
    ],
    ids=["error", "nonsense", "redirection", "flood"],
)
def test_a_geocoder_that_fails_leaves_our_own_names_and_rests(
    reply: Reply, nyc: Region, user_api: APIClient, settings: Settings
) -> None:
    with listening(reply) as server:
        settings.GEOCODER_URL = server.url
        assert names(user_api.get("/place", {"q": "times sq"}))[0] == "Times Square"
        assert names(user_api.get("/place", {"q": "times sq"}))[0] == "Times Square"
    assert len(server.heads) == 1


def test_a_geocoder_inside_of_our_network_is_not_called(nyc: Region, user_api: APIClient, settings: Settings) -> None:
    settings.OUTWARD_PRIVATE = []
    with listening() as server:
        settings.GEOCODER_URL = server.url
        assert names(user_api.get("/place", {"q": "times sq"}))[0] == "Times Square"
    assert server.heads == []


@pytest.mark.parametrize("content", [None, [], {}, {"features": 3}, {"features": [None]}])
def test_an_answer_of_another_shape_has_no_places(content: Any) -> None:
    assert geocoder.found_in(content) == []
