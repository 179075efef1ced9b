"""`GET /ride` and `GET /ride/{rideId}`."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner, User
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock, accept, assert_refused, end, match, open_offer, start, submit


def read(client: APIClient, ride: Ride) -> Any:
    return client.get(f"/ride/{ride.pk}")


def test_the_running_clock_and_fare(user_api: APIClient, running: Ride, clock: Clock) -> None:
    assert running.start_time is not None
    clock.now = running.start_time
    clock.advance(300.5)
    body = read(user_api, running).json()
    assert (body["status"], body["elapsedS"], body["fare"]["amount"]) == ("in_progress", 300.5, 2000)
    clock.advance(300)
    body = read(user_api, running).json()
    assert (body["elapsedS"], body["fare"]["amount"]) == (600.5, 3000)


def test_nothing_runs_before_the_start(user_api: APIClient, ride: Ride, clock: Clock) -> None:
    clock.advance(500)
    body = read(user_api, ride).json()
    assert (body["elapsedS"], body["fare"], body["startTime"]) == (0, None, None)


@pytest.mark.parametrize("stage", ["ride", "running", "completed"])
def test_the_partner_knows_the_users_name_while_they_serve_and_nothing_else_of_them(
    partner_api: APIClient, user: User, request: Any, stage: str
) -> None:
    ride = request.getfixturevalue(stage)
    body = read(partner_api, ride).json()
    assert body["userName"] == (None if stage == "completed" else "Ada")
    assert user.email not in str(body)
    assert read(partner_api, ride).json()["pin"] is None


def test_the_user_is_not_told_their_own_name(user_api: APIClient, ride: Ride) -> None:
    assert read(user_api, ride).json()["userName"] is None


def test_staff_see_it(staff_api: APIClient, ride: Ride) -> None:
    assert read(staff_api, ride).json()["rideId"] == str(ride.pk)


@pytest.mark.parametrize("who", ["outsider", "other_partner"])
@pytest.mark.parametrize("stage", ["ride", "running", "completed"])
def test_it_is_not_there_for_others(api_of: Any, request: Any, who: str, stage: str) -> None:
    ride = request.getfixturevalue(stage)
    client = api_of(who)
    assert_refused(read(client, ride), 404, "not_found")
    assert client.get("/ride").json()["results"] == []


def test_unknown_ones(user_api: APIClient) -> None:
    assert_refused(user_api.get(f"/ride/{uuid4()}"), 404, "not_found")
    assert_refused(user_api.get("/ride/17"), 404, "not_found")


def test_without_a_token(anonymous: APIClient, ride: Ride) -> None:
    assert_refused(read(anonymous, ride), 401, "not_authenticated")
    assert_refused(anonymous.get("/ride"), 401, "not_authenticated")


@pytest.mark.parametrize("who", ["user", "partner", "staff"])
def test_the_list_newest_first(
    api_of: Any, who: str, user: User, other_user: User, partner: Partner, nyc: Region
) -> None:
    rides = []
    for one in (user, user):
        request = submit(one)
        match(nyc)
        rides.append(str(end(start(accept(open_offer(request)))).pk))
    body = api_of(who).get("/ride").json()
    assert set(body) == {"next", "previous", "results"}
    assert [ride["rideId"] for ride in body["results"]] == rides[::-1]
    assert api_of(who).get(f"/ride/{rides[0]}").json() == body["results"][1]


def test_the_list_takes_few_statements(
    user_api: APIClient, user: User, partner: Partner, nyc: Region, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        request = submit(user)
        match(nyc)
        end(start(accept(open_offer(request))))
    with django_assert_max_num_queries(4):
        assert len(user_api.get("/ride").json()["results"]) == 5
