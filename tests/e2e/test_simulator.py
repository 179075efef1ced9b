"""The simulator against the real system: a city that serves a request made by hand, and a short replay."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from testbed.processes import BASE
from testbed.stack import Stack, running_stack
from tests.e2e.client import TIMES_SQUARE, Phone

pytestmark = pytest.mark.e2e

STOP_S = 2.0
FASTEST = 200


@pytest.fixture(scope="module")
def stack(django_db_setup: None) -> Iterator[Stack]:
    """The whole program, which takes the positions of partners who move up to `FASTEST` times as fast as others."""
    with running_stack(POSITION_SPEED_MAX_MPS=str(50 * FASTEST)) as running:
        yield running


def write_pickups(path: Path, count: int, *, minutes: int) -> None:
    """A file of made-up pickups in Manhattan, and one far out at sea."""
    rng, lines = Random(7), []
    for _ in range(count):
        place = f"{rng.uniform(40.74, 40.76):.4f},{rng.uniform(-73.99, -73.97):.4f}"
        lines.append(f"2014-07-03T17:{rng.randrange(minutes):02},{place}")
    path.write_text("\n".join(["t,lat,lng", *sorted(lines), f"2014-07-03T17:{minutes - 1:02},40.0,-70.0"]) + "\n")


def test_a_short_replay_loses_nothing(stack: Stack, tmp_path: Path) -> None:
    file, report = tmp_path / "pickups.csv", tmp_path / "report.txt"
    write_pickups(file, 9, minutes=10)
    period = ["--from", "2014-07-03T17:00", "--to", "2014-07-03T17:10"]
    pace = ["--speed", str(FASTEST), "--service", "3", "--partners", "4", "--positions", "0.5", "--ignore", "0"]
    shown = stack.manage(
        "replay", str(file), *period, *pace, "--server", stack.url, "--wait", "40", "--report", str(report)
    )
    assert report.read_text() == shown
    lines = {line[:34].strip(): line[34:].split() for line in shown.splitlines() if line.startswith("  ")}
    assert lines["pickups in the file"] == ["10"]
    assert lines["refused"] == ["1", "region_not_served", "1"]
    assert lines["asked"] == lines["completed"] == ["9"], shown
    for nothing in (
        "lost",
        "events missing in sequence",
        "events logged but unsent",
        "ends not told by socket",
        "told otherwise than held",
    ):
        assert lines[nothing] == ["0"], shown
    assert int(lines["made"][0]) >= int(lines["accepted"][0]) == 9
    assert "Nothing was lost." in shown


async def test_a_city_of_bots_serves_a_request_and_ends_at_once(stack: Stack) -> None:
    command = [sys.executable, str(BASE / "manage.py"), "bots", "--server", stack.url]
    city = subprocess.Popen(  # noqa: ASYNC220  # started and left alone
        [*command, "--partners", "2", "--speed", "20", "--decline", "0", "--ignore", "0"], cwd=BASE, env=stack.env
    )
    try:
        async with Phone(stack.url, "user3@demo.test") as user, user.socket("/user/notification") as told:
            await user.post("/cheerRequest", {"location": TIMES_SQUARE}, 201)
            accepted = (await told.until("request.updated", status="accepted"))["request"]
            assert accepted["partner"]["name"] in ("Roxy", "Max")
            await told.until("ride.updated", status="in_progress")
            await told.until("request.updated", status="completed")
        began = time.monotonic()
        os.kill(city.pid, signal.SIGTERM)
        assert await asyncio.to_thread(city.wait, 10) == 0
        assert time.monotonic() - began < STOP_S
    finally:
        city.kill()
        city.wait()
