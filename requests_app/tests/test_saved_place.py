"""`POST /savedPlace`, its list, and forgetting one."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from requests_app.models import SavedPlace
from requests_app.planning.places import PLACES_MAX, save_place
from tests.cast import EMPIRE_STATE, LONDON, Clock, assert_refused, at, unchanged

HOME = {"name": "Home", "location": at(EMPIRE_STATE)}


@pytest.fixture
def home(user: User, clock: Clock) -> SavedPlace:
    return save_place(user, name="Home", lat=EMPIRE_STATE[0], lng=EMPIRE_STATE[1], now=clock.now)


def test_it_is_kept(user_api: APIClient) -> None:
    answer = user_api.post("/savedPlace", HOME)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert {"name": body["name"], "location": body["location"]} == HOME
    assert user_api.get("/savedPlace").json()["results"] == [body]


def test_a_name_used_again_moves(user_api: APIClient, home: SavedPlace) -> None:
    body = user_api.post("/savedPlace", {"name": "HOME", "location": at(LONDON)}).json()
    assert body == {"placeId": str(home.pk), "name": "HOME", "location": at(LONDON)}
    assert SavedPlace.objects.count() == 1


def test_not_too_many(user: User, user_api: APIClient, clock: Clock) -> None:
    for n in range(PLACES_MAX):
        save_place(user, name=f"Place {n}", lat=0, lng=0, now=clock.now)
    assert_refused(user_api.post("/savedPlace", HOME), 409, "too_many")


@pytest.mark.parametrize("name", ["", " ", "x" * 41])
def test_a_name_is_needed(user_api: APIClient, name: str) -> None:
    with unchanged():
        assert user_api.post("/savedPlace", HOME | {"name": name}).status_code == 400


def test_forgetting(user_api: APIClient, home: SavedPlace) -> None:
    assert user_api.post(f"/savedPlace/{home.pk}/forget").status_code == 204
    assert user_api.get("/savedPlace").json()["results"] == []
    assert_refused(user_api.post(f"/savedPlace/{home.pk}/forget"), 404, "not_found")


def test_a_strangers_is_not_there(outsider_api: APIClient, home: SavedPlace) -> None:
    with unchanged():
        assert_refused(outsider_api.post(f"/savedPlace/{home.pk}/forget"), 404, "not_found")
    assert outsider_api.get("/savedPlace").json()["results"] == []


@pytest.mark.parametrize("who", ["partner", "staff"])
def test_only_users(api_of: Any, who: str) -> None:
    assert_refused(api_of(who).post("/savedPlace", HOME), 403, "permission_denied")
