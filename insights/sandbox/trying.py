"""Tries rules on a recorded day, beside those in force."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from insights.sandbox.conditions import Variant, in_force, versions
from insights.sandbox.figures import by_zone, counted, differences, fidelity, figures
from insights.sandbox.matcher import matcher
from insights.sandbox.recording import Recorded, Recording
from insights.sandbox.replay import Replay
from insights.sandbox.report import Report, Tried
from insights.sandbox.rows import bounds, read
from insights.sandbox.states import Stage
from insights.sandbox.supply import with_partners
from insights.sandbox.world import Conditions, Outcome
from insights.sandbox.zones import by_half_hour, half_hours
from regions.models import Region

RECORDED, IN_FORCE = "recorded", "in force"


def recorded_day(region: Region, day: date) -> Recorded:
    """Return what was recorded of a region on a local day."""
    begins, ends = bounds(region, day)
    rows = read(region, begins, ends)
    return Recording(rows, in_force(versions(region, rows.base, ends))).made()


def silently(stage: Stage) -> None:
    """Tell nobody."""


def try_rules(
    region: Region,
    day: date,
    variants: Sequence[Variant],
    *,
    seed: int = 1,
    told: Callable[[Stage], None] = silently,
) -> Report:
    """Replay a day under the rules that were in force and under those of each variant. Nothing is written.

    `told` is called with each stage as it begins.

    Raises `Invalid` if a variant's values do not go together.
    """
    told(Stage.READING)
    begins, ends = bounds(region, day)
    rows = read(region, begins, ends)
    policies = versions(region, rows.base, ends)
    found = Recording(rows, in_force(policies)).made()
    given = {each.name: _seconds(rows.base, in_force(policies, each)) for each in variants}
    settings = matcher()
    told(Stage.IN_FORCE)
    base = Replay(found.day, settings, seed=seed).run()
    told(Stage.VARIANT)
    outcomes = [found.outcome, base]
    for variant in variants:
        tried = with_partners(found.day, variant.partners, seed=seed)
        outcomes.append(Replay(tried, settings, conditions=given[variant.name], seed=seed).run())
    told(Stage.COMPARING)
    names = [RECORDED, IN_FORCE, *(variant.name for variant in variants)]
    runs = [
        _tried(name, region, found, outcome, base if number > 1 else None, seed)
        for number, (name, outcome) in enumerate(zip(names, outcomes, strict=True))
    ]
    return Report(
        region=region.slug,
        day=day,
        seed=seed,
        fidelity=fidelity(found.day, found.outcome, base),
        runs=runs,
        warnings=_warnings(found),
        half_hours=half_hours(found.day),
        zones=by_half_hour(found.day, counted(found.day), found.users, outcomes),
    )


def _seconds(base: Any, conditions: Sequence[tuple[Any, Conditions]]) -> list[tuple[float, Conditions]]:
    return [((at - base).total_seconds(), each) for at, each in conditions]


def _tried(name: str, region: Region, found: Recorded, outcome: Outcome, beside: Outcome | None, seed: int) -> Tried:
    own = figures(
        found.day,
        outcome,
        amount=region.increment_amount,
        increment_s=region.increment_s,
        commission_bps=region.commission_bps,
    )
    differ = {} if beside is None else differences(found.day, outcome, beside, seed=seed)
    return Tried(name, own, differ, by_zone(found.day, outcome))


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
