"""Figures about requests: a day beside others, the funnel, waits, and who was not matched."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from insights.facts.selectors import By, Totals, Wait, same_days, totals
from insights.pages.asked import Asked
from insights.pages.people import enough_users, told
from insights.pages.tables import CLOCK, HIGH, MEDIAN, Cell, Table, Unit, camel, columns, share, whole_seconds

WEEKS = 4


def today(asked: Asked) -> Table:
    """The requests of the last day by hour, beside the same day of the four weeks before and their mean.

    An hour that is not over is empty. The hour that comes twice in autumn is one here.
    """
    table = Table(
        columns(
            clock=Unit.CLOCK,
            requests=Unit.COUNT,
            **{f"weeksAgo{number}": Unit.COUNT for number in range(1, WEEKS + 1)},
            usual=Unit.MEAN,
        )
    )
    days = [asked.last, *same_days(asked.last, WEEKS)]
    of_days = [_clock_of(asked, day) for day in days]
    for clock in CLOCK:
        cells = [day.get(clock, 0) for day in of_days]
        if datetime.combine(asked.last, datetime.min.time(), asked.zone) + timedelta(hours=clock + 1) > asked.now:
            cells[0] = None
        before = [cell for cell in cells[1:] if cell is not None]
        table.hidden += sum(day.get(clock, 0) is None for day in of_days)
        table.add([clock], [*cells, share(sum(before), len(before))])
    return table


def _clock_of(asked: Asked, day: date) -> dict[int, int | None]:
    """The requests of a day by hour, without hours that had none; None is hidden."""
    of_day = Asked(asked.region, day, day, asked.kind, asked.now)
    parts = _parts(of_day, By.CLOCK)
    return {clock: part.numbers["requests"] if enough_users(of_day, part) else None for clock, part in parts.items()}


def funnel(asked: Asked) -> Table:
    """How far the requests came, and how those ended that were not completed."""
    table = Table(columns(stage=Unit.NAME, requests=Unit.COUNT, share=Unit.SHARE))
    part = _parts(asked, By.ALL, tallies=("unmatched", "cancelled")).get("", Totals())
    shown = not part.hours or enough_users(asked, part)
    numbers = part.numbers
    cancelled: Counter[str] = Counter()
    for how, count in part.tallies["cancelled"].items():
        cancelled[how.rpartition(".")[2]] += count
    stages = {
        **{name: numbers[name] for name in ("requests", "offered", "accepted", "completed")},
        "unmatched": part.tallies["unmatched"].total(),
        **{f"cancelled_{when}": count for when, count in sorted(cancelled.items())},
    }
    for stage, count in stages.items():
        figures = [told(count, count), told(count, share(count, numbers["requests"]))]
        table.add([stage], figures if shown else None)
    return table


def waits(asked: Asked) -> Table:
    """The waits from a request to its first offer, acceptance and arrival, by the hour of the day it was made in."""
    table = Table(
        columns(
            clock=Unit.CLOCK,
            requests=Unit.COUNT,
            **{camel(wait) + level: Unit.SECONDS for wait in Wait for level in ("P50", "P90")},
        )
    )
    parts = _parts(asked, By.CLOCK, waits=tuple(Wait))
    for clock in CLOCK:
        part = parts.get(clock, Totals())
        table.add([clock], _waits_of(part) if not part.hours or enough_users(asked, part) else None)
    return table


def _waits_of(part: Totals) -> list[Cell]:
    quantiles = [
        told(part.waits[wait].total(), whole_seconds(part.percentile(wait, level)))
        for wait in Wait
        for level in (MEDIAN, HIGH)
    ]
    return [part.numbers["requests"], *quantiles]


def unmatched(asked: Asked) -> Table:
    """The requests that were given up, by day and reason."""
    parts = _parts(asked, By.DAY, tallies=("unmatched",))
    reasons = sorted({reason for part in parts.values() for reason in part.tallies["unmatched"]})
    table = Table(
        columns(
            day=Unit.DAY,
            requests=Unit.COUNT,
            unmatched=Unit.COUNT,
            share=Unit.SHARE,
            **dict.fromkeys(reasons, Unit.COUNT),
        )
    )
    for day, part in parts.items():
        requests, given_up = part.numbers["requests"], part.tallies["unmatched"]
        count = given_up.total()
        figures: list[Cell] = [requests, told(count, count), told(count, share(count, requests))]
        figures += [told(given_up[name], given_up[name]) for name in reasons]
        table.add([day], figures if enough_users(asked, part) else None)
    return table


def _parts(asked: Asked, by: By, *, waits: tuple[Wait, ...] = (), tallies: tuple[str, ...] = ()) -> dict[Any, Totals]:
    return totals(asked.region, asked.begin, asked.end, by=by, request_types=asked.kinds, waits=waits, tallies=tallies)
