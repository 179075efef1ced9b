"""`POST /ride/{rideId}/rating`."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner, User
from regions.models import Region
from rides.models import Ride
from tests.cast import accept, assert_refused, client_of, end, fresh, match, open_offer, start, submit, unchanged


def rate(client: APIClient, ride: Ride, **body: Any) -> Any:
    return client.post(f"/ride/{ride.pk}/rating", {"rating": 5, **body})


def test_counts_for_the_partner(user_api: APIClient, completed: Ride, partner: Partner) -> None:
    response = rate(user_api, completed, rating=4, comment="So loud!")
    assert (response.status_code, response.json()["rating"]) == (201, 4)
    assert (fresh(completed).rating, fresh(completed).rating_comment) == (4, "So loud!")
    found = fresh(partner)
    assert (found.rating_sum, found.rating_count, found.rating) == (4, 1, 4.0)


def test_the_mean_to_one_decimal(user: User, partner: Partner, nyc: Region) -> None:
    client = client_of(user)
    for stars in (5, 4, 4):
        request = submit(user)
        match(nyc)
        rate(client, end(start(accept(open_offer(request)))), rating=stars)
    assert fresh(partner).rating == 4.3
    assert client_of(partner.user).get("/me").json()["partner"]["rating"] == 4.3


def test_once(user_api: APIClient, completed: Ride) -> None:
    rate(user_api, completed)
    with unchanged():
        assert_refused(rate(user_api, completed, rating=1), 409, "already_rated")


@pytest.mark.parametrize("stage", ["ride", "running"])
def test_only_a_completed_ride(user_api: APIClient, request: Any, stage: str) -> None:
    ride = request.getfixturevalue(stage)
    with unchanged():
        assert_refused(rate(user_api, ride), 409, "ride_not_completed")


def test_not_somebody_elses(outsider_api: APIClient, completed: Ride) -> None:
    with unchanged():
        assert_refused(rate(outsider_api, completed), 404, "not_found")
        assert_refused(outsider_api.post(f"/ride/{uuid4()}/rating", {"rating": 5}), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("partner", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_users(api_of: Any, completed: Ride, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(rate(client, completed), status, code)


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"rating": 0}, "min_value", "rating"),
        ({"rating": 6}, "max_value", "rating"),
        ({"rating": 4.5}, "invalid", "rating"),
        ({"rating": "5"}, "invalid", "rating"),
        ({"rating": True}, "invalid", "rating"),
        ({"rating": None}, "null", "rating"),
        ({"rating": 10**30}, "max_value", "rating"),
        ({"comment": 5}, "invalid", "comment"),
        ({"comment": "x" * 501}, "max_length", "comment"),
    ],
)
def test_malformed(user_api: APIClient, completed: Ride, body: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        assert_refused(rate(user_api, completed, **body), 400, code, attr)
