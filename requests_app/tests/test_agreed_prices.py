"""A user pays the prices that they were shown when they asked, whatever the region's have become meanwhile."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from accounts.models import Partner, User
from payments.models import Payment
from regions.models import Region, Terms
from regions.selectors import forget_regions, present_terms
from requests_app import services
from requests_app.models import CheerRequest, ScheduledRequest
from requests_app.planning.schedule import request_scheduled
from requests_app.selectors import prices_of
from requests_app.tests.scenes import HOUR, plan
from rides.models import Ride
from tests.cast import EMPIRE_STATE, Clock, accept, assert_refused, at, end, fresh, match, open_offer, start, unchanged

DEARER = {
    "currency": "eur",
    "increment_amount": 9900,
    "increment_s": 60,
    "cancellation_fee_amount": 7700,
    "cancellation_grace_s": 0,
    "no_show_fee_amount": 8800,
    "no_show_wait_s": 0,
    "commission_bps": 9000,
}


def raise_prices() -> None:
    """All prices of the regions change, as by another process some time ago."""
    Region.objects.update(**DEARER)
    forget_regions()


def taken(request: CheerRequest, nyc: Region) -> Ride:
    """The ride of the partner who accepts a request."""
    match(Region.objects.get(pk=nyc.pk))
    return accept(open_offer(request))


def test_the_fare_is_of_the_prices_at_the_time_of_asking(partner: Partner, pending: CheerRequest, nyc: Region) -> None:
    raise_prices()
    ride = taken(pending, nyc)
    end(start(ride))
    ride = fresh(ride)
    assert (ride.tariff_amount, ride.tariff_currency, ride.tariff_increment_s) == (1000, "usd", 300)
    assert (ride.fare_amount, ride.commission_bps) == (1000, 2000)
    payment = Payment.objects.get()
    assert (payment.amount, payment.currency) == (1000, "usd")


def test_the_fee_for_cancelling_is_the_one_that_was_shown(
    user_api: APIClient, pending: CheerRequest, partner: Partner, nyc: Region, clock: Clock
) -> None:
    clock.now = taken(pending, nyc).accepted_at
    raise_prices()
    shown = user_api.get(f"/cheerRequest/{pending.pk}").json()["cancellation"]
    assert shown["fee"] == {"amount": 0, "currency": "usd"}
    assert shown["lateFee"] == {"amount": 500, "currency": "usd"}
    clock.advance(120.001)
    assert user_api.post(f"/cheerRequest/{pending.pk}/cancel").status_code == 200
    payment = Payment.objects.get()
    assert (payment.kind, payment.amount, payment.currency) == ("cancellation_fee", 500, "usd")


def test_the_wait_for_who_is_not_there_is_the_one_that_was_agreed(
    pending: CheerRequest, partner: Partner, nyc: Region
) -> None:
    ride = taken(pending, nyc)
    raise_prices()
    assert prices_of(CheerRequest.objects.get(pk=ride.request_id)).no_show_wait_s == 300


def test_a_planned_cheer_keeps_the_prices_of_its_planning(user: User, nyc: Region, clock: Clock) -> None:
    planned = plan(user, now=clock.now)
    raise_prices()
    clock.now = fresh(planned).due_at
    request = request_scheduled(planned.pk, now=clock.now)
    assert request is not None
    assert request.terms_id == planned.terms_id
    assert prices_of(request).increment_amount == 1000


def test_a_request_of_an_older_release_is_under_the_present_prices(pending: CheerRequest) -> None:
    CheerRequest.objects.update(terms=None)
    raise_prices()
    assert prices_of(CheerRequest.objects.get()).increment_amount == 9900


class TestShown:
    """The client says which prices it has shown."""

    def body(self, nyc: Region) -> dict[str, object]:
        return {"location": at(EMPIRE_STATE), "pricesShown": nyc.prices_digest}

    def test_the_present_ones(self, user_api: APIClient, nyc: Region) -> None:
        assert user_api.post("/cheerRequest", self.body(nyc)).status_code == 201
        assert prices_of(CheerRequest.objects.get()).prices_digest == nyc.prices_digest

    @pytest.mark.parametrize("price", sorted(DEARER))
    def test_others_are_refused(self, user_api: APIClient, nyc: Region, price: str) -> None:
        body = self.body(nyc)
        Region.objects.update(**{price: DEARER[price]})
        forget_regions()
        with unchanged():
            assert_refused(user_api.post("/cheerRequest", body), 409, "prices_changed")

    def test_others_are_refused_for_a_planned_cheer(self, user_api: APIClient, nyc: Region, clock: Clock) -> None:
        body = self.body(nyc) | {"scheduledFor": (clock.now + HOUR).isoformat()}
        raise_prices()
        with unchanged():
            assert_refused(user_api.post("/scheduledRequest", body), 409, "prices_changed")
        assert not ScheduledRequest.objects.exists()


class TestTerms:
    """The rows that hold agreed prices."""

    def test_one_row_for_the_same_prices(self, nyc: Region, clock: Clock) -> None:
        first = present_terms(nyc, now=clock.now)
        later = clock.now + timedelta(days=1)
        assert present_terms(nyc, now=later) == first
        raise_prices()
        other = present_terms(Region.objects.get(), now=later)
        assert other != first
        assert Terms.objects.count() == 2
        assert present_terms(nyc, now=later) == first

    def test_the_database_refuses_a_change(self, nyc: Region, clock: Clock) -> None:
        terms = present_terms(nyc, now=clock.now)
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            Terms.objects.filter(pk=terms.pk).update(increment_amount=1)

    def test_what_is_rolled_back_is_not_given_to_others(self, user: User, nyc: Region, clock: Clock) -> None:
        with transaction.atomic():
            lost = present_terms(nyc, now=clock.now)
            transaction.set_rollback(True)
        assert not Terms.objects.filter(pk=lost.pk).exists()
        lat, lng = EMPIRE_STATE
        request = services.submit_request(user, lat=lat, lng=lng, request_type=None, note="", now=clock.now)
        assert Terms.objects.get() == request.terms
