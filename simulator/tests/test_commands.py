"""What the commands refuse before anything is sent, and how a plan follows from the options."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from simulator.management.commands.replay import plan_of

PERIOD = ("--from", "2014-07-03T17:00", "--to", "2014-07-03T18:00")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two pickups within the period, one after it."""
    path = tmp_path / "pickups.csv"
    rows = ["t,lat,lng", "2014-07-03T17:00,40.7,-74.0", "2014-07-03T17:30,40.8,-73.9", "2014-07-03T18:00,40.9,-73.8"]
    path.write_text("\n".join(rows))
    return path


def options_of(file: Path, **other: Any) -> dict[str, Any]:
    day = datetime(2014, 7, 3)  # noqa: DTZ001  # local time, as in the files
    given = {
        "file": file,
        "start": day.replace(hour=17),
        "end": day.replace(hour=18),
        "speed": 10.0,
        "partners": 3,
        "seed": 1,
        "service": 6.0,
        "decline": 0.1,
        "ignore": 0.0,
        "patience": None,
        "positions": 2.0,
        "users": 0,
        "wait": 900.0,
        "server": "http://server.test",
        "secret": "s",
        "staff_email": "staff@demo.test",
        "staff_password": "p",
        "cache": None,
    }
    return {**given, **other}


def test_a_plan_has_the_period_the_partners_and_simulated_times(file: Path) -> None:
    plan = plan_of(options_of(file, patience=15.0))
    assert len(plan.demands) == 2
    assert 0 <= plan.demands[0].at_s < 60 < 1800 <= plan.demands[1].at_s < 1860
    assert len(plan.starts) == 3
    assert plan.patience_s == 90.0
    assert plan.habits.service_median_s == 360.0
    assert plan_of(options_of(file)).patience_s is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--speed", "0"], "--speed"),
        (["--speed", "nan"], "--speed"),
        (["--patience", "-1"], "--patience"),
        (["--decline", "2"], "shares"),
        (["--to", "2014-07-03T16:00"], "no pickups"),
        (["--to", "2014-07-03T18:00+00:00"], "local times"),
        (["--server", "somewhere"], "http://"),
    ],
)
def test_replay_refuses(file: Path, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("replay", str(file), *PERIOD, *options)


def test_replay_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("replay", str(tmp_path / "none.csv"), *PERIOD)


@pytest.mark.parametrize("options", [["--speed", "0"], ["--partners", "-1"], ["--server", "ftp://x"]])
def test_bots_refuses(options: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("bots", *options)
