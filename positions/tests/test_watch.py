"""Valkey counts the reports of a watched partner in a row, near a place or away from it."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

import positions
from positions import Position, Report, Service, Watch
from tests.cast import EMPIRE_STATE, north

USER = UUID(int=7)
NEAR = Watch(*EMPIRE_STATE, radius_m=100.0, near=True, reports=2, dwell_s=5.0)
AWAY = Watch(*EMPIRE_STATE, radius_m=300.0, near=False, reports=3, dwell_s=0.0)


class Walk:
    """One partner who reports, one report after another."""

    def __init__(self, watch: Watch | None) -> None:
        self.partner_id, self.at = uuid4(), timezone.now()
        positions.serve("x", self.partner_id, Service(USER, watch))

    def report(self, metres: float, *, after_s: float = 4.0, recorded_at: datetime | None = None) -> bool:
        """Report from so many metres north of the place; returns whether the watch is fulfilled."""
        self.at += timedelta(seconds=after_s)
        place = Position(*north(metres), recorded_at or self.at)
        [answer] = positions.record_many("x", [Report(self.partner_id, place, self.at)])
        assert answer.serves_user_id == str(USER)
        return answer.noticed


def test_near_needs_two_in_a_row_and_the_dwell() -> None:
    walk = Walk(NEAR)
    assert [walk.report(metres) for metres in (290, 99, 10, 0)] == [False, False, False, True]


def test_one_outside_begins_again() -> None:
    walk = Walk(NEAR)
    assert [walk.report(metres, after_s=6) for metres in (50, 101, 50, 50)] == [False, False, False, True]


def test_it_is_told_again_until_the_watch_is_replaced() -> None:
    walk = Walk(NEAR)
    assert [walk.report(0, after_s=6) for _ in range(3)] == [False, True, True]
    positions.serve("x", walk.partner_id, Service(USER, NEAR))
    assert [walk.report(0, after_s=6) for _ in range(2)] == [False, True]
    positions.serve("x", walk.partner_id, Service(USER))
    assert not walk.report(0, after_s=6)


def test_away() -> None:
    walk = Walk(AWAY)
    assert [walk.report(metres) for metres in (0, 301, 299, 500, 500, 900)] == [False] * 5 + [True]


def test_a_silence_begins_again() -> None:
    walk = Walk(NEAR)
    assert not walk.report(0)
    assert not walk.report(0, after_s=600)
    assert walk.report(0, after_s=6)


def test_an_old_recording_counts_for_nothing() -> None:
    walk = Walk(NEAR)
    walk.report(0)
    assert not walk.report(0, after_s=600, recorded_at=walk.at + timedelta(seconds=1))
    assert not walk.report(0, after_s=6)


def test_a_dropped_report_counts_for_nothing() -> None:
    walk = Walk(NEAR)
    walk.report(0)
    assert not walk.report(0, after_s=6, recorded_at=walk.at - timedelta(seconds=1))
    assert walk.report(0, after_s=6)


@pytest.mark.parametrize("lng", [179.9999, -179.9999])
def test_across_the_date_line(lng: float) -> None:
    partner_id, at = uuid4(), timezone.now()
    positions.serve("x", partner_id, Service(USER, Watch(0.0, 180.0, 100.0, True, 1, 0.0)))
    [answer] = positions.record_many("x", [Report(partner_id, Position(0.0, lng, at), at)])
    assert answer.noticed


def test_those_without_a_watch_are_not_counted() -> None:
    walk = Walk(None)
    assert [walk.report(0, after_s=6) for _ in range(3)] == [False] * 3


@pytest.mark.parametrize("service", [Service(USER), Service(USER, NEAR), Service(USER, AWAY)])
def test_a_service_is_read_as_it_was_written(service: Service) -> None:
    partner_id = uuid4()
    positions.serve("x", partner_id, service)
    assert positions.serving("x") == {partner_id: service}
    positions.serve("x", partner_id, None)
    assert positions.serving("x") == {}
