"""The report of a replay."""

from collections import Counter
from typing import Any

import pytest

from simulator.ledger import Ledger
from simulator.report import Report, Sockets, build


def report_of(ledger: Ledger, **fields: Any) -> Report:
    given = {
        "title": "a replay",
        "speed": 10.0,
        "wall_s": 60.0,
        "pickups": 3,
        "sockets": Sockets(count=2),
        "errors": Counter({"POST /rideAccept: 409 offer_expired": 1}),
        "interrupted": False,
    }
    return build(ledger, **{**given, **fields})


@pytest.fixture
def ledger() -> Ledger:
    """One request served at once, one that nobody took, one refused."""
    ledger = Ledger(refused=Counter(region_not_served=1))
    ledger.offered("served", 100.020)
    served = ledger.story("served")
    served.sent_at = 100.0
    served.told("offered", attempts=1, reason=None, now=100.021)
    served.told("accepted", attempts=1, reason=None, now=100.3)
    served.arrived_at = 112.0
    served.told("completed", attempts=1, reason=None, now=150.0)
    unlucky = ledger.story("unlucky")
    unlucky.sent_at = 101.0
    unlucky.told("no_match", attempts=9, reason="no_partner_nearby", now=161.0)
    return ledger


def test_counts_and_waits(ledger: Ledger) -> None:
    report = report_of(ledger)
    assert report.by_status == {"completed": 1, "no_match": 1}
    assert report.reasons == {"no_partner_nearby": 1}
    assert report.to_arrival.mean == 12.0
    assert report.at_once_ms.p50 == pytest.approx(20.0)
    assert (report.all_ms.count, report.to_offer.count) == (1, 1)
    assert report.healthy


def test_the_text_names_units_and_codes(ledger: Ledger) -> None:
    text = report_of(ledger).text()
    for part in (
        "simulated min (wall × 10)",
        "wall s",
        "wall ms",
        "region_not_served 1",
        "offer_expired",
        "no_partner_nearby 1",
    ):
        assert part in text
    assert "Nothing was lost." in text


def test_requests_made_by_others_do_not_count(ledger: Ledger) -> None:
    ledger.offered("somebody else's", 100.0)
    assert sum(report_of(ledger).by_status.values()) == 2


@pytest.mark.parametrize(("status", "lost"), [("pending", 1), ("offered", 1), ("accepted", 0), ("cancelled", 0)])
def test_lost_is_neither_final_nor_being_served(ledger: Ledger, status: str, lost: int) -> None:
    story = ledger.story("third")
    story.sent_at = 102.0
    story.told(status, attempts=2, reason=None, now=103.0)
    report = report_of(ledger)
    assert report.lost == lost
    assert report.healthy == (lost == 0)
    assert ("SOMETHING WAS LOST" in report.text()) == (lost == 1)


@pytest.mark.parametrize("sockets", [Sockets(missing=1), Sockets(undelivered=1)])
def test_a_gap_is_unhealthy(ledger: Ledger, sockets: Sockets) -> None:
    assert not report_of(ledger, sockets=sockets).healthy


def test_a_request_that_stands_otherwise_is_unhealthy(ledger: Ledger) -> None:
    ledger.differing = 1
    assert not report_of(ledger).healthy


def test_only_the_first_offer_counts_and_only_one_at_once_is_at_once() -> None:
    ledger = Ledger()
    ledger.offered("r", 5.0)
    ledger.offered("r", 9.0)
    story = ledger.story("r")
    story.told("offered", attempts=3, reason=None, now=5.0)
    assert story.offered_at == 5.0
    assert not story.at_once
    assert ledger.offers["made"] == 2


def test_an_empty_ledger_has_a_report() -> None:
    assert "–" in report_of(Ledger(), pickups=0, interrupted=True).text()
