"""Tries rules on a recorded day, beside those in force."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from insights.sandbox.conditions import Variant, in_force, matcher, versions
from insights.sandbox.figures import by_zone, differences, fidelity, figures
from insights.sandbox.recording import Recorded, Recording
from insights.sandbox.replay import Replay
from insights.sandbox.report import Report, Tried
from insights.sandbox.rows import bounds, read
from insights.sandbox.supply import with_partners
from insights.sandbox.world import Conditions, Outcome
from regions.models import Region

RECORDED, IN_FORCE = "recorded", "in force"


def recorded_day(region: Region, day: date) -> Recorded:
    """Return what was recorded of a region on a local day."""
    begins, ends = bounds(region, day)
    rows = read(region, begins, ends)
    return Recording(rows, in_force(versions(region, rows.base, ends))).made()


def try_rules(region: Region, day: date, variants: Sequence[Variant], *, seed: int = 1) -> Report:
    """Replay a day under the rules that were in force and under those of each variant. Nothing is written.

    Raises `Invalid` if a variant's values do not go together.
    """
    begins, ends = bounds(region, day)
    rows = read(region, begins, ends)
    policies = versions(region, rows.base, ends)
    found = Recording(rows, in_force(policies)).made()
    given = {each.name: _seconds(rows.base, in_force(policies, each)) for each in variants}
    settings = matcher()
    base = Replay(found.day, settings, seed=seed).run()
    runs = [
        _tried(RECORDED, region, found, found.outcome, None, seed),
        _tried(IN_FORCE, region, found, base, None, seed),
    ]
    for variant in variants:
        tried = with_partners(found.day, variant.partners, seed=seed)
        outcome = Replay(tried, settings, conditions=given[variant.name], seed=seed).run()
        runs.append(_tried(variant.name, region, found, outcome, base, seed))
    return Report(region.slug, day, seed, fidelity(found.day, found.outcome, base), runs, _warnings(found))


def _seconds(base: Any, conditions: Sequence[tuple[Any, Conditions]]) -> list[tuple[float, Conditions]]:
    return [((at - base).total_seconds(), each) for at, each in conditions]


def _tried(name: str, region: Region, found: Recorded, outcome: Outcome, beside: Outcome | None, seed: int) -> Tried:
    counted = figures(
        found.day,
        outcome,
        amount=region.increment_amount,
        increment_s=region.increment_s,
        commission_bps=region.commission_bps,
    )
    differ = {} if beside is None else differences(found.day, outcome, beside, seed=seed)
    return Tried(name, counted, differ, by_zone(found.day, outcome))


def _warnings(found: Recorded) -> list[str]:
    """Return what makes the replay of this day less exact than others."""
    said = []
    if found.coarse:
        said.append("Places of this day have been rounded to about a kilometre.")
    if found.undecided:
        said.append(f"{found.undecided} offers have no decision any more: their distances are estimated.")
    if found.unplaced:
        said.append(f"Nobody knows where partners were in {found.unplaced} of their stays: they get no offers there.")
    return said
