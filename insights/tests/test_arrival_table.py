"""The job that learns a region's arrival times."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from bench.arrival import simulated
from insights.arrival import services
from insights.arrival.history import OVER, History, history_of, local_time, newest
from insights.arrival.models import ArrivalTable
from insights.arrival.rides import Rides
from insights.arrival.selectors import forget_tables, learnt_of, slowness_of
from insights.arrival.services import EVERY, EVERY_AT_FIRST, learn_arrivals, sweep_arrivals
from regions.models import Region
from rides.models import Ride
from tests import cast
from tests.planning import by_index

pytestmark = pytest.mark.django_db
MONDAY_NOON = datetime(2026, 5, 4, 16, 0, tzinfo=UTC)  # in New York


@pytest.fixture(autouse=True)
def _anew() -> None:
    forget_tables()


@pytest.fixture
def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []

    def enqueue(task: str, *arguments: str, **how: Any) -> bool:
        found.append((task, *arguments))
        return True

    monkeypatch.setattr("core.jobs.enqueue", enqueue)
    return found


def table(region: Region) -> ArrivalTable:
    return ArrivalTable.objects.get(pk=region.pk)


def learn(region: Region, rides: Rides | None = None) -> ArrivalTable:
    """Learn now, from these rides if they are given."""
    ArrivalTable.objects.update_or_create(pk=region.pk, defaults={"learn_at": timezone.now()})
    if rides is None:
        learn_arrivals(region.pk)
    else:
        with patch.object(services, "history_of", return_value=History(rides, {}, [])):
            learn_arrivals(region.pk)
    return table(region)


# ---------------------------------------------------------------- the job


def test_each_region_has_a_table_that_is_due(nyc: Region, boston: Region, enqueued: list[Any]) -> None:
    sweep_arrivals(timezone.now())
    assert sorted(enqueued) == sorted(("learn_arrivals", str(region.pk)) for region in (nyc, boston))
    sweep_arrivals(timezone.now())
    assert len(enqueued) == 2


def test_it_is_learnt_once_and_again_when_it_is_due(nyc: Region) -> None:
    assert learn(nyc, simulated(300, days=28, seed=1)).version == 1
    learn_arrivals(nyc.pk)
    found = table(nyc)
    assert found.version == 1
    assert found.learn_at is not None
    assert found.learn_at - timezone.now() > EVERY - timedelta(minutes=1)


def test_it_serves_what_it_has_learnt_and_says_how_it_did(nyc: Region) -> None:
    found = learn(nyc, simulated(1000, days=28, seed=1))
    assert found.rides == 1000
    assert found.backtest is not None
    assert found.backtest["rides"] == 250
    assert found.backtest["mae_s"] < 0.85 * found.backtest["constants_mae_s"]
    assert learnt_of(nyc).factors is not None


def test_with_too_few_rides_the_constants_hold_and_it_looks_again_soon(nyc: Region) -> None:
    found = learn(nyc, simulated(100, days=28, seed=1))
    assert found.factors is found.backtest is learnt_of(nyc).factors is None
    assert found.learn_at is not None
    assert found.learn_at - timezone.now() < EVERY_AT_FIRST + timedelta(minutes=1)


def test_where_the_constants_are_nearer_they_hold(nyc: Region) -> None:
    rides = simulated(400, days=28, seed=1)
    usual = Rides(rides.distance_m, rides.hour, rides.weekend, rides.constant_s)
    found = learn(nyc, usual)
    assert found.backtest is not None
    assert found.backtest["constants_mae_s"] == 0
    assert found.factors is None


def test_factors_of_another_release_are_as_good_as_none(nyc: Region) -> None:
    learn(nyc, simulated(400, days=28, seed=1))
    ArrivalTable.objects.update(factors={"weights": [0.1], "spreads": [[1.0]]})
    forget_tables()
    assert learnt_of(nyc).factors is None


def test_nothing_is_known_of_a_region_without_a_table(nyc: Region) -> None:
    assert learnt_of(nyc).factors is learnt_of(nyc).lately(*cast.EMPIRE_STATE, "chance") is None


def test_the_pace_of_a_region_is_that_of_its_hour(nyc: Region) -> None:
    rush, night = MONDAY_NOON.replace(hour=21), MONDAY_NOON.replace(hour=7)  # 17 and 3 o'clock there
    assert slowness_of(nyc, now=rush) == 1.0
    learn(nyc, simulated(1000, days=28, seed=1))
    assert slowness_of(nyc, now=rush) > 1.5 * slowness_of(nyc, now=night)


def test_factors_without_a_backtest_are_refused(nyc: Region) -> None:
    with pytest.raises(IntegrityError, match=r"arrival_table_was_tried"):
        ArrivalTable.objects.create(region=nyc, factors={"weights": []})


# ---------------------------------------------------------------- the rows


def test_a_ride_teaches_how_long_the_way_took(nyc: Region, completed: Ride) -> None:
    offer = completed.request.offers.get()
    accepted, arrived = MONDAY_NOON, MONDAY_NOON + timedelta(minutes=7)
    type(offer).objects.update(distance_m=1500)
    Ride.objects.update(accepted_at=accepted, arrived_at=arrived)
    type(completed.request).objects.update(created_at=MONDAY_NOON - timedelta(minutes=1))
    found = history_of(nyc, now=MONDAY_NOON + timedelta(days=1))
    rides = found.rides
    assert [*rides.distance_m, *rides.hour, *rides.weekend, *rides.took_s] == [1500.0, 12.0, False, 420.0]
    [asked] = found.asked
    assert (asked.person, asked.accepted_s, asked.arrived_s, asked.distance_m) == (completed.user_id, 60.0, 480.0, 1500)


def test_a_ride_that_was_called_off_is_left_out_and_its_request_was_matched(nyc: Region, ride: Ride) -> None:
    cast.services.cancel_request(ride.user, ride.request_id, reason="rain", now=timezone.now())
    found = history_of(nyc, now=timezone.now())
    assert (len(found.rides), found.left_out) == (0, {"never_arrived": 1})
    [asked] = found.asked
    assert asked.accepted_s is not None
    assert asked.arrived_s is None


def test_requests_of_other_regions_and_open_ones_are_not_read(nyc: Region, boston: Region, completed: Ride) -> None:
    cast.submit(cast.make_user("una"))
    assert len(history_of(nyc, now=timezone.now()).asked) == 1
    assert history_of(boston, now=timezone.now()).asked == []


def test_the_hour_is_the_local_one_over_both_changes_of_the_clock(nyc: Region) -> None:
    zone = ZoneInfo(nyc.time_zone)
    assert local_time(datetime(2026, 3, 7, 17, 30, tzinfo=UTC), zone) == (12.5, True)
    assert local_time(datetime(2026, 3, 9, 16, 30, tzinfo=UTC), zone) == (12.5, False)
    assert local_time(datetime(2026, 11, 2, 17, 30, tzinfo=UTC), zone) == (12.5, False)
    assert local_time(datetime(2026, 5, 4, 7, 0, tzinfo=UTC), ZoneInfo("Asia/Kolkata")) == (12.5, False)


def test_they_are_read_along_an_index(nyc: Region, completed: Ride) -> None:
    with by_index():
        plan = newest(nyc, OVER[0], now=timezone.now()).explain()
    assert any(name in plan for name in ("request_region", "request_status", "request_exact")), plan
    for table_name in ("rides_ride", "requests_app_offer", "requests_app_cheerrequesttransition"):
        read = f"Seq Scan on {table_name}" if connection.vendor == "postgresql" else f"SCAN {table_name}"
        assert read not in plan, plan
