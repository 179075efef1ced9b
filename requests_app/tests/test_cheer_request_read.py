"""`GET /cheerRequest` and `GET /cheerRequest/{requestId}`: who sees what, and when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from ops.sweep import sweep_deadlines
from payments.models import Payment
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest, Offer
from rides.models import Ride
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    assert_refused,
    at,
    client_of,
    decline,
    end,
    match,
    north,
    open_offer,
    start,
    submit,
)

Stage = Callable[[], None]


def read(client: APIClient, request: CheerRequest) -> Any:
    return client.get(f"/cheerRequest/{request.pk}")


# ---------------------------------------------------------------- one request, by stage and reader


def test_the_user_follows_it_to_the_end(
    user_api: APIClient, user: User, pending: CheerRequest, partner: Partner, nyc: Region
) -> None:
    body = read(user_api, pending).json()
    assert (body["status"], body["offer"], body["rideId"], body["partner"]) == ("pending", None, None, None)

    match(nyc)
    body = read(user_api, pending).json()
    assert (body["status"], body["offer"], body["rideId"], body["partner"]) == ("offered", None, None, None)
    assert body["attempts"] == 1

    ride = accept(open_offer(pending))
    body = read(user_api, pending).json()
    assert (body["status"], body["rideId"]) == ("accepted", str(ride.pk))
    place = body["partner"].pop("currentLocation")
    assert (place["lat"], place["lng"]) == pytest.approx(north(500))
    assert body["partner"] == {"partnerId": str(partner.pk), "name": "Pia", "type": "cheerleader", "rating": None}

    start(ride)
    assert read(user_api, pending).json()["partner"]["name"] == "Pia"

    end(ride)
    body = read(user_api, pending).json()
    assert (body["status"], body["rideId"], body["partner"]) == ("completed", str(ride.pk), None)


def test_the_partner_sees_it_while_it_is_theirs(
    partner_api: APIClient, pending: CheerRequest, partner: Partner, user: User, nyc: Region
) -> None:
    assert_refused(read(partner_api, pending), 404, "not_found")

    match(nyc)
    offer = open_offer(pending)
    body = read(partner_api, pending).json()
    assert (body["status"], body["location"], body["note"]) == ("offered", at(EMPIRE_STATE), "Third floor")
    assert body["offer"]["offerId"] == str(offer.pk)
    assert body["partner"] is None
    assert user.name not in str(body)
    assert user.email not in str(body)

    ride = accept(offer)
    body = read(partner_api, pending).json()
    assert (body["status"], body["offer"], body["rideId"]) == ("accepted", None, str(ride.pk))
    start(ride)
    assert read(partner_api, pending).status_code == 200
    end(ride)
    assert_refused(read(partner_api, pending), 404, "not_found")


def _declined(offer: Offer, clock: Clock) -> None:
    decline(offer)


def _expired(offer: Offer, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.OFFER_TTL_S + 1))


def _cancelled(offer: Offer, clock: Clock) -> None:
    services.cancel_request(offer.request.user, offer.request_id, reason="", now=clock.now)


@pytest.mark.parametrize("ending", [_declined, _expired, _cancelled])
def test_the_partner_sees_nothing_of_an_offer_that_is_over(
    partner_api: APIClient, offer: Offer, clock: Clock, ending: Callable[[Offer, Clock], None]
) -> None:
    ending(offer, clock)
    assert_refused(read(partner_api, offer.request), 404, "not_found")


def test_an_offer_out_of_time_shows_no_more(partner_api: APIClient, offer: Offer, clock: Clock) -> None:
    """Also in the moment before the sweep closes it."""
    clock.advance(settings.OFFER_TTL_S)
    assert_refused(read(partner_api, offer.request), 404, "not_found")


def test_another_partner_sees_nothing(other_partner: Partner, offer: Offer) -> None:
    client = client_of(other_partner.user)
    assert_refused(read(client, offer.request), 404, "not_found")
    accept(offer)
    assert_refused(read(client, offer.request), 404, "not_found")


@pytest.mark.parametrize("stage", ["pending", "offer", "ride", "running", "completed"])
def test_another_user_sees_nothing_at_any_stage(outsider_api: APIClient, request: Any, stage: str) -> None:
    found = request.getfixturevalue(stage)
    made = found if isinstance(found, CheerRequest) else found.request
    assert_refused(read(outsider_api, made), 404, "not_found")
    assert outsider_api.get("/cheerRequest").json()["results"] == []


def test_staff_see_everything(staff_api: APIClient, ride: Ride) -> None:
    body = read(staff_api, ride.request).json()
    assert (body["status"], body["partner"]["name"]) == ("accepted", "Pia")


def test_staff_see_the_offer(staff_api: APIClient, offer: Offer) -> None:
    assert read(staff_api, offer.request).json()["offer"]["offerId"] == str(offer.pk)


def test_a_dead_letter_says_why(user_api: APIClient, pending: CheerRequest, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S + 1))
    body = read(user_api, pending).json()
    assert (body["status"], body["reason"]) == ("no_match", "no_partner_nearby")


def test_an_unknown_one(user_api: APIClient) -> None:
    assert_refused(user_api.get(f"/cheerRequest/{uuid4()}"), 404, "not_found")
    assert_refused(user_api.get("/cheerRequest/17"), 404, "not_found")


def test_without_a_token(anonymous: APIClient, pending: CheerRequest) -> None:
    assert_refused(read(anonymous, pending), 401, "not_authenticated")
    assert_refused(anonymous.get("/cheerRequest"), 401, "not_authenticated")


# ---------------------------------------------------------------- the list


def test_your_own_newest_first(user_api: APIClient, user: User, other_user: User, nyc: Region) -> None:
    submit(other_user)
    mine = []
    for _ in range(3):
        made = submit(user)
        services.cancel_request(user, made.pk, reason="", now=made.created_at)
        mine.append(str(made.pk))
    body = user_api.get("/cheerRequest").json()
    assert set(body) == {"next", "previous", "results"}
    assert [r["requestId"] for r in body["results"]] == mine[::-1]
    assert (body["next"], body["previous"]) == (None, None)


@pytest.mark.parametrize("who", ["partner", "staff"])
def test_the_list_is_for_users(api_of: Any, who: str) -> None:
    assert_refused(api_of(who).get("/cheerRequest"), 403, "permission_denied")


class TestWhatCancellingCosts:
    """`cancellation`: shown before it is charged."""

    def test_nothing_while_nobody_has_accepted(self, user_api: APIClient, pending: CheerRequest) -> None:
        body = user_api.get(f"/cheerRequest/{pending.pk}").json()
        assert body["cancellation"] == {
            "fee": {"amount": 0, "currency": "usd"},
            "lateFee": {"amount": 500, "currency": "usd"},
            "freeUntil": None,
        }
        assert body["searchRadiusM"] == settings.MATCH_RADIUS_M[0]
        assert datetime.fromisoformat(body["giveUpAt"]) == pending.give_up_at

    def test_the_fee_is_the_one_that_is_charged(
        self, user_api: APIClient, pending: CheerRequest, ride: Ride, clock: Clock
    ) -> None:
        def cancellation() -> dict[str, Any]:
            found: dict[str, Any] = user_api.get(f"/cheerRequest/{pending.pk}").json()["cancellation"]
            return found

        until = ride.accepted_at + timedelta(seconds=pending.region.cancellation_grace_s)
        assert cancellation()["fee"]["amount"] == 0
        assert datetime.fromisoformat(cancellation()["freeUntil"]) == until
        clock.advance((until - clock.now).total_seconds() + 1)
        assert cancellation()["fee"]["amount"] == 500
        user_api.post(f"/cheerRequest/{pending.pk}/cancel")
        assert Payment.objects.get().amount == 500
        assert cancellation() is None

    def test_not_once_it_runs_and_not_for_others(
        self, user_api: APIClient, partner_api: APIClient, pending: CheerRequest, ride: Ride
    ) -> None:
        assert partner_api.get(f"/cheerRequest/{pending.pk}").json()["cancellation"] is None
        start(ride)
        assert user_api.get(f"/cheerRequest/{pending.pk}").json()["cancellation"] is None
