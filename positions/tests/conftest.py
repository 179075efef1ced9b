"""A second region, those who enter the map, and a writer that waits for its cue, for tests of positions."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import positions
from accounts import position_reports
from accounts.position_rows import save_reports
from positions import Report, Reports, reporting
from positions.tests.live_map import NEXT_DOOR, wait_for_writers
from regions.models import Region

EVERY_S = 0.025


@pytest.fixture
def newark(nyc: Region) -> Region:
    """A second region."""
    lat, lng = NEXT_DOOR
    ring = [[lng - 0.05, lat - 0.05], [lng + 0.05, lat - 0.05], [lng + 0.05, lat + 0.05], [lng - 0.05, lat + 0.05]]
    return Region.objects.create(slug="newark", name="Newark", boundary=[ring], time_zone="America/New_York")


@pytest.fixture
def entries() -> Iterator[list[str]]:
    """The regions that `entered` was sent for."""
    regions: list[str] = []

    def note(*, region: str, **_: Any) -> None:
        regions.append(region)

    positions.entered.connect(note)
    yield regions
    positions.entered.disconnect(note)


class Cue:
    """Stands in for `time` in `positions.reporting`: the writer sleeps until `write` is called."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._given = threading.Event()

    def sleep(self, _: float) -> None:
        assert self._given.wait(30)

    def write(self) -> None:
        """Let the writer write what waits, and end."""
        self._given.set()
        wait_for_writers()
        self._given.clear()


@pytest.fixture
def cue(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cue]:
    """Busy times: the first report is written immediately, all others wait for the cue."""
    settings.POSITION_FLUSH_S = 3600.0
    made = Cue()
    monkeypatch.setattr(reporting, "time", made)
    monkeypatch.setattr(position_reports, "reports", Reports(save=save_reports))
    yield made
    made.write()


class Rows:
    """The database, as `Reports` sees it."""

    def __init__(self) -> None:
        self.saved: list[Report] = []

    def save(self, reports: Sequence[Report]) -> None:
        self.saved += reports


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def reports(settings: Any, rows: Rows) -> Reports:
    settings.POSITION_FLUSH_S = EVERY_S
    return Reports(save=rows.save)


@pytest.fixture
def busy(cue: Cue, reports: Reports, settings: Any) -> Reports:
    """Reports of which the writer writes none until its cue."""
    settings.POSITION_FLUSH_S = 3600.0
    return reports
