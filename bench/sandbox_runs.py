"""The second part of `bench.sandbox`: days that the real services carry out, and what the sandbox makes of them."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import connection

from accounts.models import Role, User
from bench.city import Place
from core.valkey import client
from insights.sandbox.conditions import Variant, in_force
from insights.sandbox.figures import fidelity
from insights.sandbox.matcher import matcher
from insights.sandbox.recording import Recorded
from insights.sandbox.replay import Replay
from insights.sandbox.trying import recorded_day
from insights.sandbox.world import Conditions, End, Outcome
from ops import seed
from ops.sweep import sweep_deadlines
from regions.models import Region
from regions.policies import Policy
from regions.selectors import forget_policies, forget_regions, forget_terms
from requests_app.selectors import request_types_by_slug
from testbed.emptying import let_tests_empty_tables
from testbed.recorded_day import Plan, RecordedDay

BEGINS, DAY = datetime(2026, 5, 7, 12, tzinfo=UTC), date(2026, 5, 7)
OTHERS: dict[str, dict[str, Any]] = {
    "radii of 1.5 and 4 km": {"radii_m": [1500, 4000]},
    "offers of 40 s": {"offer_ttl_s": 40},
    "caps of 5 minutes": {"cap_s": 300.0, "cap_widens": 0.2},
}


def carry_out(options: Namespace) -> None:
    """Print how well days are repeated, and how near the answers about other rules are."""
    call_command("migrate", verbosity=0, interactive=False)
    let_tests_empty_tables()  # the books and the staff actions of a day refuse to be deleted otherwise
    first = _recorded(options, {})
    again = Replay(first.day, matcher()).run()
    blind = Replay(replace(first.day, sights={}), matcher()).run()
    print(f"\n{len(first.day.requests)} requests carried out by the real services; {_line(first.outcome)}")
    for name, outcome in (("rules in force", again), ("by places alone", blind)):
        found = fidelity(first.day, first.outcome, outcome)
        print(f"{name:24} {found.assigned:6.1%} of the assignments, mean wait × {found.wait:.3f}; {_line(outcome)}")
    for name, changes in OTHERS.items():
        guess = Replay(first.day, matcher(), conditions=_given(first, changes)).run()
        true = _recorded(options, changes)
        print(f"{name:24} the sandbox: {_line(guess)}\n{'':24} in truth:    {_line(true.outcome)}", flush=True)


def _given(found: Recorded, changes: dict[str, Any]) -> list[tuple[float, Conditions]]:
    [(_, given)] = in_force([(BEGINS, Policy(version=0))], Variant("other", changes))
    return [(0.0, given)]


def _line(outcome: Outcome) -> str:
    waits, unmatched = outcome.arrived_s[~np.isnan(outcome.arrived_s)] / 60, (outcome.end == End.UNMATCHED).mean()
    if not waits.size:
        return f"nobody served, {unmatched:5.1%} unmatched"
    return f"mean {waits.mean():5.2f}, P90 {np.percentile(waits, 90):5.2f} min, {unmatched:5.1%} unmatched"


def _recorded(options: Namespace, changes: dict[str, Any]) -> Recorded:
    """Carry out the day on an empty database, and read what was recorded."""
    region = _emptied(changes)
    plan = Plan(
        BEGINS,
        lasts_s=options.hours * 3600,
        requests=options.record,
        partners=options.partners_recorded,
        places=_somewhere,
        seed=options.seed,
    )
    RecordedDay(region, plan, sweep_deadlines).carry_out()
    return recorded_day(region, DAY)


def _somewhere(draw: Random) -> Place:
    return draw.uniform(40.71, 40.78), draw.uniform(-73.975, -73.92)


def _emptied(changes: dict[str, Any]) -> Region:
    call_command("flush", verbosity=0, interactive=False)
    client().flushall()
    for kept in (forget_regions, forget_policies, forget_terms, request_types_by_slug.forget):
        kept()
    seed.seed_request_types()
    region = seed.seed_region()
    if changes:
        author = User.objects.create_user("author@recorded.test", name="Author", role=Role.STAFF, is_staff=True)
        Policy.objects.create(region=region, version=1, created_at=BEGINS, author=author, reason="To try", **changes)
    connection.close()
    return region
