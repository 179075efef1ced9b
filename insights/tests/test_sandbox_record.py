"""A day that the real services carried out: read, replayed, and tried under other rules."""

import json
from datetime import UTC, date, datetime
from random import Random

import pytest

from insights.sandbox.conditions import Variant
from insights.sandbox.figures import fidelity
from insights.sandbox.matcher import matcher
from insights.sandbox.replay import Replay
from insights.sandbox.table import lines
from insights.sandbox.trying import recorded_day, try_rules
from ops.sweep import sweep_deadlines
from regions.models import Region
from testbed.recorded_day import Plan, RecordedDay
from tests.cast import unchanged

DAY = date(2026, 5, 7)


def somewhere(draw: Random) -> tuple[float, float]:
    return draw.uniform(40.73, 40.77), draw.uniform(-73.98, -73.93)


PLAN = Plan(
    datetime(2026, 5, 7, 12, tzinfo=UTC),
    lasts_s=1800.0,
    requests=30,
    partners=6,
    places=somewhere,
    declines=0.2,
    calls_off=0.1,
    regrets=0.1,
    shift_s=3600.0,
)


def test_a_day_is_repeated_and_others_are_tried(nyc: Region) -> None:
    RecordedDay(nyc, PLAN, sweep_deadlines).carry_out()
    found = recorded_day(nyc, DAY)
    assert len(found.day.requests) == PLAN.requests
    again = Replay(found.day, matcher()).run()
    assert fidelity(found.day, found.outcome, again).assigned >= 0.95
    assert fidelity(found.day, found.outcome, again).wait == pytest.approx(1, abs=0.03)

    with unchanged():
        report = try_rules(nyc, DAY, [Variant("near", {"radii_m": [500]}), Variant("many", {}, partners=2.0)])
    near, many = report.runs[2:]
    assert [each.name for each in report.runs] == ["recorded", "in force", "near", "many"]
    assert near.figures.unmatched > report.runs[1].figures.unmatched
    assert near.differences["unmatched_share"].low > 0
    assert many.differences["mean_wait_s"].value < 0
    assert json.loads(json.dumps(report.as_json(), allow_nan=False))["region"] == "nyc"
    assert any("near against the rules in force" in line for line in lines(report))
