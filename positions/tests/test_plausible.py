"""Positions that can't be: they matter nowhere, and the partner who sends many is flagged."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

import positions
from accounts import presence
from accounts.models import Partner
from accounts.position_reports import report_position
from core import valkey
from notifications.models import Event
from positions import Position, Search, layout
from positions.tests.live_map import NEXT_DOOR, held, near
from regions.geometry import distance_m
from regions.models import Region
from requests_app.models import Offer
from rides.models import Ride
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import Clock, Place, accept, at, end, fresh, north, report, submit, unchanged

HOME, FAR = north(500), north(5000)
EVERY_S = 4


@pytest.fixture
def send(partner: Partner, clock: Clock) -> Callable[..., None]:
    """The partner's device reports a place so many seconds after its last report."""

    def sent(place: Place, *, after_s: float = EVERY_S, late_s: float = 0, accuracy_m: float | None = None) -> None:
        clock.advance(after_s)
        position = Position(*place, clock.now - timedelta(seconds=late_s))
        report_position(fresh(partner), position, now=clock.now, accuracy_m=accuracy_m)

    return sent


def marks(partner: Partner) -> int:
    """The number of implausible reports that are held against a partner."""
    row: Any = valkey.client().hget("{nyc}:doubts", str(partner.pk))
    return int(row.split()[0]) if row else 0


def found_at(place: Place) -> bool:
    [candidates] = positions.nearest_to_many("nyc", [Search(*place, 1000, 5)])
    return bool(candidates)


def test_a_teleport_moves_nobody_on_the_map(partner: Partner, send: Any, nyc: Region) -> None:
    send(FAR)
    assert near(held("nyc", partner), HOME)
    assert not found_at(FAR)
    assert found_at(HOME)
    assert marks(partner) == 1
    presence.snapshot_positions(nyc)
    assert near((fresh(partner).lat or 0, fresh(partner).lng or 0), HOME)


def test_a_teleport_is_answered_like_any_other_report(partner_api: APIClient, partner: Partner, clock: Clock) -> None:
    clock.advance(EVERY_S)
    with unchanged():
        answer = partner_api.post("/updateLocation", {"location": at(FAR), "accuracyM": 5})
    assert (answer.status_code, answer.content) == (204, b"")
    assert near(held("nyc", partner), HOME)


def test_a_teleport_is_not_shown_to_the_user(offer: Offer, partner: Partner, send: Any, monkeypatch: Any) -> None:
    accept(offer)
    told: list[Any] = []
    monkeypatch.setattr("positions.reporting.push_latest", told.extend)
    send(FAR)
    assert told == []
    send(north(510))
    assert len(told) == 1


def test_a_teleport_to_another_region_crosses_no_border(
    partner: Partner, newark: Region, send: Any, nyc: Region
) -> None:
    send(NEXT_DOOR)
    assert fresh(partner).region == nyc
    assert positions.searchable("newark") == (set(), set())
    assert held("newark", partner) is None
    assert marks(partner) == 1


def test_a_partner_who_teleports_is_offered_nothing_there(partner: Partner, send: Any, user: Any) -> None:
    far = north(4500)
    for _ in range(3):
        send(far)
        send(HOME)
    request = submit(user, at=far)
    offer = Offer.objects.filter(request=request).first()
    assert offer is None or offer.distance_m > 3900


def test_while_valkey_is_away_a_teleport_is_not_stored_either(
    partner: Partner, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise valkey.Unreachable("away")

    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        send(FAR)
        assert near((fresh(partner).lat or 0, fresh(partner).lng or 0), HOME)
        send(north(600))
        assert near((fresh(partner).lat or 0, fresh(partner).lng or 0), north(600))


def test_a_partner_who_is_really_elsewhere_gets_on_again(partner: Partner, send: Any) -> None:
    for _ in range(settings.POSITION_SETTLE_S // EVERY_S):
        send(FAR)
        assert near(held("nyc", partner), HOME)
    send(north(5010))
    assert near(held("nyc", partner), north(5010))
    assert found_at(FAR)
    before = marks(partner)
    send(north(5020))
    assert near(held("nyc", partner), north(5020))
    assert marks(partner) == before


def test_many_reports_in_a_moment_settle_nothing(partner: Partner, send: Any) -> None:
    for _ in range(3 * settings.POSITION_SETTLE_REPORTS):
        send(FAR, after_s=0.1)
    assert near(held("nyc", partner), HOME)


def test_insisting_does_not_become_plausible_by_the_time_that_passes(partner: Partner, send: Any) -> None:
    """Two kilometres take forty seconds, but the device has said already that it was there before."""
    for _ in range(13):
        send(north(2500))
    assert near(held("nyc", partner), HOME)


def test_reports_that_contradict_each_other_settle_nothing(partner: Partner, send: Any) -> None:
    for number in range(15):
        send(north(8000 if number % 2 else -8000))
    assert near(held("nyc", partner), HOME)
    assert marks(partner) == 15


def test_a_glitch_is_forgotten_with_the_next_report(partner: Partner, send: Any) -> None:
    send(FAR)
    send(north(530), after_s=120)
    assert near(held("nyc", partner), north(530))
    send(north(560))
    assert near(held("nyc", partner), north(560))
    assert marks(partner) == 1


def test_small_jumps_are_together_no_faster_than_the_highest_speed(partner: Partner, send: Any) -> None:
    jumped, seconds = 500.0, 0.0
    for _ in range(200):
        jumped, seconds = jumped + 100, seconds + 0.2
        send(north(jumped), after_s=0.2)
    place = held("nyc", partner)
    assert place is not None
    assert distance_m(*place, *HOME) <= settings.POSITION_ALLOWANCE_M + settings.POSITION_SPEED_MAX_MPS * seconds


def test_an_old_date_wins_no_time(partner: Partner, send: Any) -> None:
    send(HOME, after_s=200, late_s=119)
    assert near(held("nyc", partner), HOME)
    send(north(2500), after_s=1)
    assert near(held("nyc", partner), HOME)
    assert marks(partner) == 1


@pytest.mark.parametrize("how", [{"accuracy_m": 301.0}, {"late_s": 121}, {"late_s": -301}])
def test_a_report_that_tells_little_is_not_used_nor_held_against_anybody(
    partner: Partner, send: Any, how: dict[str, float]
) -> None:
    send(north(600), after_s=200, **how)
    assert near(held("nyc", partner), HOME)
    assert marks(partner) == 0


def test_many_teleports_raise_one_flag_and_write_nothing_else(
    partner: Partner, send: Any, django_assert_num_queries: Any, clock: Clock
) -> None:
    for _ in range(settings.POSITION_FLAG_REPORTS - 1):
        send(FAR)
        send(HOME)
    assert not Flag.objects.exists()
    send(FAR)
    flag = Flag.objects.get()
    assert (flag.kind, flag.account_id, flag.times) == (FlagKind.IMPLAUSIBLE_POSITION, partner.user_id, 1)
    assert flag.figure == pytest.approx(4500 / EVERY_S, rel=0.01)
    assert flag.limit == settings.POSITION_SPEED_MAX_MPS
    whom, events = fresh(partner), Event.objects.count()
    assert whom.region is not None
    with django_assert_num_queries(0):
        for place in (HOME, FAR, HOME, FAR):
            clock.advance(EVERY_S)
            report_position(whom, Position(*place, clock.now), now=clock.now)
    assert (Flag.objects.get().times, Event.objects.count()) == (1, events)
    clock.advance(settings.POSITION_FLAG_SPAN_S + 1)
    for _ in range(settings.POSITION_FLAG_REPORTS):
        send(HOME)
        send(FAR)
    assert Flag.objects.get().times == 2


def test_a_receiver_never_meets_a_partner_who_is_gone(partner: Partner, send: Any) -> None:
    send(FAR)
    positions.forget("nyc", partner.pk)
    assert marks(partner) == 0
    positions.doubted.send(sender=None, report=positions.Report(partner.user_id, None, None), speed_mps=9)  # type: ignore[arg-type]
    assert not Flag.objects.exists()


def test_a_session_served_honestly_is_held_against_nobody(running: Ride, clock: Clock) -> None:
    for metres in range(500, 0, -50):
        clock.advance(EVERY_S)
        report(running.partner, north(metres))
    end(running)
    assert not valkey.client().exists(layout.doubts("nyc"))
