"""Rides in the admin."""

import pytest
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, url_of
from rides.models import Ride
from tests.cast import Clock, unchanged


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def test_a_running_ride_shows_its_running_fare(desk: Client, running: Ride, clock: Clock) -> None:
    clock.advance(301)
    for address in (page_of(running), url_of(Ride, "changelist")):
        page = desk.get(address).content.decode()
        assert "$20.00 so far" in page
        assert "0:05:0" in page


def test_a_completed_ride_shows_its_bill(desk: Client, completed: Ride) -> None:
    page = desk.get(page_of(completed)).content.decode()
    assert "$10.00 per 300 s" in page
    assert f"/ride/{completed.pk}/receipt" in page
    assert "so far" not in page


def test_a_ride_on_the_way_has_none(desk: Client, ride: Ride) -> None:
    assert f"/ride/{ride.pk}/receipt" not in desk.get(page_of(ride)).content.decode()


def test_the_pin_is_not_shown(desk: Client, ride: Ride) -> None:
    Ride.objects.update(pin="8731")
    for address in (page_of(ride), url_of(Ride, "changelist")):
        assert "8731" not in desk.get(address).content.decode()


@pytest.mark.parametrize("field", ["status", "start_time", "end_time", "fare_amount", "tariff_amount", "rating"])
def test_a_ride_can_not_be_edited(desk: Client, running: Ride, field: str) -> None:
    with unchanged():
        assert desk.post(page_of(running), {field: "1"}).status_code == 403
