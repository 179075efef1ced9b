"""`manage.py sandbox`."""

import json
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Partner
from regions.models import Region
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import unchanged


def told(*options: str) -> str:
    out = StringIO()
    call_command("sandbox", *options, stdout=out)
    return out.getvalue()


def local_day(request: CheerRequest) -> str:
    return request.created_at.astimezone(ZoneInfo(request.region.time_zone)).date().isoformat()


def test_a_day_with_one_cheer(completed: Ride, other_partner: Partner, tmp_path: Path) -> None:
    rules, figures = tmp_path / "rules.toml", tmp_path / "figures.json"
    rules.write_text("[nobody]\npartners = 0\n")
    with unchanged():
        text = told(
            "--region", "nyc", "--day", local_day(completed.request), "--rules", str(rules), "--json", str(figures)
        )
    assert "repeat 100.0% of the assignments" in text
    said = json.loads(figures.read_text())
    assert [(run["name"], run["figures"]["served"]) for run in said["runs"]] == [
        ("recorded", 1),
        ("in force", 1),
        ("nobody", 0),
    ]
    assert said["runs"][2]["differences"]["unmatched_share"]["value"] == 1


def test_it_only_reads(completed: Ride) -> None:
    with CaptureQueriesContext(connection) as captured:
        told("--region", "nyc", "--day", local_day(completed.request))
    statements = {query["sql"].split(None, 1)[0].upper() for query in captured}
    assert statements <= {"SELECT", "SAVEPOINT", "RELEASE"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--region", "atlantis", "--day", "2026-01-31"), "No region"),
        (("--region", "nyc", "--day", "2026-31-01"), "no day"),
        (("--region", "nyc", "--day", "2020-01-31"), "no requests"),
        (("--region", "nyc", "--day", "2020-01-31", "--rules", "/nowhere.toml"), "can't be read"),
    ],
)
def test_what_it_refuses(nyc: Region, options: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError) as caught:
        told(*options)
    assert why in str(caught.value)
