"""Figures about the forecast: beside what came, and for the next hour by cell."""

from collections import defaultdict
from datetime import datetime

import h3

from insights.facts.hours import HOUR
from insights.facts.selectors import By, totals
from insights.forecast.features import Horizon
from insights.forecast.kept import HOUR_MINUTES
from insights.forecast.models import Forecast, ForeseenHour
from insights.pages.asked import Asked
from insights.pages.map_cells import NAMES, middle_of
from insights.pages.people import enough_users
from insights.pages.tables import Table, Unit, columns


def forecast(asked: Asked) -> Table:
    """Return the requests that each hour was expected to bring, from the days before it, and those that came.

    They are of all kinds of cheer. An hour that is not over has no figure of those that came, and an hour before the
    first forecast none of those to expect.
    """
    table = Table(columns(hour=Unit.MOMENT, expected=Unit.MEAN, came=Unit.COUNT))
    expected = _expected(asked)
    came = totals(asked.region, asked.begin, asked.end, by=By.HOUR, waits=(), tallies=())
    over = {hour.key for hour in asked.hours if hour.key + HOUR <= asked.now}
    every_kind = Asked(asked.region, asked.first, asked.last, None, asked.now)
    for hour in sorted({*expected, *over}):
        mean, part = expected.get(hour), came.get(hour)
        count: int | None = 0 if hour in over else None
        if hour in over and part is not None:
            shown = enough_users(every_kind, part)
            count = part.numbers["requests"] if shown else None
            table.hidden += not shown
        table.add([hour], [None if mean is None else round(mean, 2), count])
    return table


def _expected(asked: Asked) -> dict[datetime, float]:
    """Return the requests that hours of these days were or are expected to bring."""
    within = {"region": asked.region, "starts_at__gte": asked.begin, "starts_at__lt": asked.end}
    found: dict[datetime, float] = defaultdict(float)
    ahead = Forecast.objects.filter(**within, horizon=Horizon.DAY, minutes=HOUR_MINUTES)
    for at, mean in ahead.values_list("starts_at", "mean"):
        found[at] += mean
    found.update(ForeseenHour.objects.filter(**within).values_list("starts_at", "mean"))
    return found


def next_hour(asked: Asked) -> Table:
    """Return the newest forecast of each cell for the hour that begins now, busiest first, whatever days are asked."""
    table = Table(columns(**NAMES, expected=Unit.MEAN, p10=Unit.COUNT, p50=Unit.COUNT, p90=Unit.COUNT))
    rows = Forecast.objects.filter(region=asked.region, horizon=Horizon.NEXT, minutes=HOUR_MINUTES)
    for number, mean, *bounds in rows.order_by("-mean", "cell").values_list("cell", "mean", "p10", "p50", "p90"):
        cell = h3.int_to_str(number)
        table.add([cell, *middle_of(cell)], [round(mean, 2), *bounds])
    return table
