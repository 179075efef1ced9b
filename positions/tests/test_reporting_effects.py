"""What follows from a batch of reports: who hears of it, and what becomes of it when a part fails."""

from typing import Any
from uuid import UUID

import pytest

import positions
from core import valkey
from positions import Reports, Service, reporting
from positions.tests.conftest import Cue, Rows
from positions.tests.reports import at, let_wait, stored


def test_a_batch_that_makes_somebody_searchable_says_so_once(cue: Cue, busy: Reports, entries: list[str]) -> None:
    crowd = [at(number) for number in range(3)]
    positions.enter("x", [one.partner_id for one in crowd])
    let_wait(busy, *crowd)
    assert entries == []
    cue.write()
    assert entries == ["x"]
    for one in crowd:
        busy.take("x", at(9, partner_id=one.partner_id))
    cue.write()
    assert entries == ["x"]


def test_a_receiver_that_fails_harms_neither_the_report_nor_the_others(reports: Reports, entries: list[str]) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("a receiver")

    mine = at(1)
    positions.enter("x", [mine.partner_id])
    positions.entered.connect(fail)
    try:
        assert reports.take("x", mine) == positions.Recorded(True, True, None)
    finally:
        positions.entered.disconnect(fail)
    assert entries == ["x"]


def test_those_served_hear_of_a_batch(cue: Cue, busy: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(reporting, "push_latest", sent.extend)
    crowd = [at(number) for number in range(4)]
    for one in crowd[2:]:
        positions.serve("x", one.partner_id, Service(UUID(int=9)))
    let_wait(busy, *crowd)
    cue.write()
    assert [(to, type) for to, type, _ in sent] == [(f"user:{UUID(int=9)}", "partner.location")] * 2
    assert [payload["location"]["lng"] for _, _, payload in sent] == [one.position.lng for one in crowd[2:]]


def away() -> None:
    raise valkey.Unreachable("away")


def test_while_valkey_is_away_what_waits_is_saved(
    cue: Cue, busy: Reports, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [at(1), at(2)]
    let_wait(busy, *crowd)
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        cue.write()
    assert rows.saved == crowd


def test_while_valkey_is_away_a_lone_report_is_refused(
    reports: Reports, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "client", away)
    with pytest.raises(valkey.Unreachable):
        reports.take("x", at(1))
    assert rows.saved == []


def test_a_batch_that_fails_does_not_stop_the_writer(
    cue: Cue, busy: Reports, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    let_wait(busy, at(1))
    with monkeypatch.context() as patch:
        patch.setattr(reporting, "record_many", broken)
        cue.write()
    assert "1 positions in x were not written" in caplog.text
    later = at(2)
    busy.take("x", later)
    cue.write()
    assert stored(later) == 2
