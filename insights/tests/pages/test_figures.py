"""Each figure adds up the facts of its days."""

from datetime import date, timedelta

import h3
import pytest

from insights.forecast.models import Forecast, ForeseenHour
from insights.pages import bookings, foreseen, requests, work
from insights.pages.tables import Cell, Table
from insights.tests.pages.scenes import NOW, TODAY, asked, booked, hour, put, waits, worked
from regions.models import Region
from tests.cast import EMPIRE_STATE

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


def row(table: Table, *names: Cell) -> dict[str, Cell]:
    """The row with these names, by its columns."""
    keys = [column.key for column in table.columns]
    return next(dict(zip(keys, found, strict=True)) for found in table.rows if found[: len(names)] == names)


def test_today_beside_the_same_day_of_four_weeks(nyc: Region) -> None:
    put(nyc, hour(9), 12)
    put(nyc, hour(9), 6, kind="serenade")
    put(nyc, hour(9, TODAY - WEEK), 8)
    put(nyc, hour(9, TODAY - timedelta(days=1)), 99)
    put(nyc, hour(9, TODAY - 4 * WEEK), 20)
    found = row(requests.today(asked(nyc)), 9)
    assert found == {
        "clock": 9,
        "requests": 18,
        "weeksAgo1": 8,
        "weeksAgo2": 0,
        "weeksAgo3": 0,
        "weeksAgo4": 20,
        "usual": 7.0,
    }
    assert row(requests.today(asked(nyc, kind="serenade")), 9)["requests"] == 6


def test_an_hour_that_is_not_over_is_empty(nyc: Region) -> None:
    put(nyc, hour(12), 20)
    table = requests.today(asked(nyc))
    assert [row(table, clock)["requests"] for clock in (11, 12, 13)] == [0, None, None]
    assert len(table.rows) == 24


def test_days_on_which_the_clock_is_set(nyc: Region) -> None:
    autumn = date(2025, 11, 2)
    first = hour(1, autumn)
    put(nyc, first, 6)
    put(nyc, first + timedelta(hours=1), 7)
    assert row(requests.today(asked(nyc, autumn, autumn)), 1)["requests"] == 13
    assert row(requests.today(asked(nyc, date(2026, 3, 8), date(2026, 3, 8))), 2)["requests"] == 0


def test_the_funnel(nyc: Region) -> None:
    put(
        nyc,
        hour(9),
        20,
        offered=16,
        accepted=12,
        completed=10,
        unmatched={"nobody_accepted": 6},
        cancelled={"cancelled_by_user.before_offer": 5, "card_declined.before_offer": 1},
    )
    table = requests.funnel(asked(nyc))
    assert table.rows == [
        ("requests", 20, 1.0),
        ("offered", 16, 0.8),
        ("accepted", 12, 0.6),
        ("completed", 10, 0.5),
        ("unmatched", 6, 0.3),
        ("cancelled_before_offer", 6, 0.3),
    ]


def test_without_any_request(nyc: Region) -> None:
    assert requests.funnel(asked(nyc)).rows[0] == ("requests", 0, None)
    assert requests.unmatched(asked(nyc)).rows == []


def test_waits_by_hour_add_up_over_days(nyc: Region) -> None:
    put(nyc, hour(9), 5, to_acceptance=waits(30, 30, 30, 30, 30))
    put(nyc, hour(9, TODAY - WEEK), 5, to_acceptance=waits(30, 30, 30, 30, 300))
    found = row(requests.waits(asked(nyc, TODAY - WEEK)), 9)
    assert found["requests"] == 10
    assert found["toAcceptanceP50"] == pytest.approx(30, rel=0.04)
    assert found["toAcceptanceP90"] == pytest.approx(30, rel=0.04)
    assert found["toArrivalP90"] is None


def test_who_was_not_matched_and_why(nyc: Region) -> None:
    put(nyc, hour(9), 20, unmatched={"nobody_accepted": 5, "no_partner_nearby": 5})
    found = row(requests.unmatched(asked(nyc)), TODAY)
    assert (found["unmatched"], found["share"], found["no_partner_nearby"]) == (10, 0.5, 5)


def test_supply_beside_demand_in_an_hour_of_the_mean_day(nyc: Region) -> None:
    yesterday = TODAY - timedelta(days=1)
    put(nyc, hour(9), 12, completed=8)
    worked(nyc, hour(9), available=6, busy=2)
    worked(nyc, hour(9, yesterday), available=4)
    found = row(work.supply_and_demand(asked(nyc, yesterday)), 9)
    assert found == {"clock": 9, "requests": 6.0, "completed": 4.0, "available": 5.0, "offered": 0.0, "busy": 1.0}


def test_acceptance_and_earnings_an_hour(nyc: Region) -> None:
    put(nyc, hour(9), 10, offers=10, offers_accepted=8, lapsed=0)
    worked(nyc, hour(9), available=6, busy=2)
    booked(nyc, hour(10), "share", 16_000)
    found = row(work.partners(asked(nyc)), TODAY, "usd")
    assert (found["acceptance"], found["work"], found["earned"], found["earnedAnHour"]) == (0.8, 8.0, 16_000, 2000)
    of_one_kind = row(work.partners(asked(nyc, kind="pep_talk")), TODAY, "usd")
    assert (of_one_kind["acceptance"], of_one_kind["work"], of_one_kind["earnedAnHour"]) == (0.8, None, None)


def test_what_came_beside_the_forecast(nyc: Region) -> None:
    ForeseenHour.objects.create(region=nyc, starts_at=hour(10), mean=7.5, version=1)
    cell = h3.str_to_int(h3.latlng_to_cell(*EMPIRE_STATE, 7))
    for number, at, horizon in ((3.0, hour(10), "day"), (2.0, hour(13), "day"), (4.0, hour(13), "next")):
        bounds = {"p10": 1, "p50": 2, "p90": 5, "version": 1, "made_at": NOW}
        Forecast.objects.create(region=nyc, horizon=horizon, minutes=60, starts_at=at, cell=cell, mean=number, **bounds)
    put(nyc, hour(10), 9)
    put(nyc, hour(12), 9)
    table = foreseen.forecast(asked(nyc))
    assert row(table, hour(10)) == {"hour": hour(10), "expected": 7.5, "came": 9}
    assert row(table, hour(11)) == {"hour": hour(11), "expected": None, "came": 0}
    assert row(table, hour(13)) == {"hour": hour(13), "expected": 2.0, "came": None}
    assert hour(12) not in [found[0] for found in table.rows]  # it is under way
    assert [found[3:] for found in foreseen.next_hour(asked(nyc)).rows] == [(4.0, 1, 2, 5)]


def test_money_needs_five_who_paid(nyc: Region) -> None:
    booked(nyc, hour(9), "owed", 9000)
    table = bookings.money_by_day(asked(nyc))
    assert (table.hidden, row(table, TODAY)["revenue"]) == (1, None)  # the facts are there, the entries of no user


def test_money_by_day_and_currency(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookings, "enough_payers", lambda asked, part: True)
    yesterday = TODAY - timedelta(days=1)
    booked(nyc, hour(9), "owed", 9000)
    booked(nyc, hour(10), "owed", 500, payment="no_show_fee")
    booked(nyc, hour(9, yesterday), "refunded", 700, entries=4)
    table = bookings.money_by_day(asked(nyc, yesterday))
    found = row(table, TODAY, "usd")
    assert (found["revenue"], found["fares"], found["fees"], found["refunds"]) == (9500, 9000, 500, 0)
    assert row(table, yesterday, "usd")["refunds"] is None  # that of four at most
    assert list(table.csv())[-1].startswith("2026-06-10,usd,95.00,90.00,5.00,")
