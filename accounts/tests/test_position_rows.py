"""Positions in the database: the copy, and the stand-in for a Valkey that is away."""

import logging
from typing import Any

import pytest
from django.db import DatabaseError

from accounts import position_rows, presence
from accounts.models import Partner
from accounts.position_rows import save_reports, write_positions
from positions import Position, Report
from regions.models import Region
from tests.cast import Clock, fresh, north, report


def test_the_database_keeps_the_newer_one(nyc: Region, partner: Partner, clock: Clock) -> None:
    earlier, before = clock.now.replace(microsecond=0), fresh(partner).lat
    clock.now = earlier
    assert write_positions([(partner.pk, 1.0, 2.0, fresh(partner).position_at)]) == 0
    assert fresh(partner).lat == before
    assert write_positions([(partner.pk, 1.0, 2.0, clock.advance(60))]) == 1
    assert fresh(partner).lat == 1.0


def test_a_snapshot_that_fails_is_made_up_for(
    nyc: Region, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(5)
    report(partner, north(700))

    def broken(_: object) -> int:
        raise RuntimeError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(presence, "write_positions", broken)
        with pytest.raises(RuntimeError, match="away"):
            presence.snapshot_positions(nyc)
    assert presence.snapshot_positions(nyc) == 1


def test_reports_that_neither_takes_are_logged_and_lost(
    partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> int:
        raise DatabaseError("away")

    monkeypatch.setattr(position_rows, "write_positions", broken)
    with caplog.at_level(logging.WARNING):
        save_reports([Report(partner.pk, Position(*north(1), clock.now), clock.now)])
    assert "1 positions lost" in caplog.text
