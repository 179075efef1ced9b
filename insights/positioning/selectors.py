"""Reads what an adviser goes by: expected demand, free partners, and the advice that they have had."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.conf import settings

from insights.forecast.features import Horizon
from insights.forecast.models import Forecast, ForecastModel, Method
from insights.positioning.cells import middle_of
from insights.positioning.models import Advice, Outcome
from insights.positioning.planning import Expected, Free
from positions import Whereabouts, whereabouts
from regions.models import Region

SLOT = timedelta(minutes=30)  # forecasts of half an hour are by cells of resolution 8
HOUR = timedelta(hours=1)
Known = Mapping[UUID, Whereabouts]


def expected_demand(region: Region, now: datetime) -> Expected:
    """Read the forecast of the next half hour. It is empty unless a trained model has made it lately.

    The historic mean of a few days says where single people have been; nobody is sent there.
    """
    rows = Forecast.objects.filter(region=region, horizon=Horizon.NEXT, minutes=SLOT.seconds // 60)
    found = list(rows.filter(starts_at__gt=now - SLOT).values_list("version", "cell", "mean"))
    learned = ForecastModel.objects.filter(region=region, method=Method.LEARNED)
    versions = set(learned.filter(version__in={version for version, *_ in found}).values_list("version", flat=True))
    usable = [(*middle_of(cell), mean) for version, cell, mean in found if version in versions]
    lat, lng, mean = np.array(usable, float).reshape(-1, 3).T
    return Expected(lat, lng, mean)


def positions_of(region: Region, also: Iterable[UUID], *, now: datetime) -> dict[UUID, Whereabouts]:
    """Return the fresh positions of the partners at work in a region, and of others. Raises `valkey.Unreachable`."""
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    known = whereabouts(region.slug, oldest=oldest, also=[str(pk) for pk in also])
    return {UUID(name): where for name, where in known.items() if where.fresh}


def free_partners(region: Region, known: Known, *, now: datetime) -> list[Free]:
    """Return the free partners among those whose position is known, with their advice of the last hour."""
    fields = ("partner", "cell", "outcome", "distance_m", "ended_at")
    recent = Advice.objects.filter(region=region, given_at__gt=now - HOUR).order_by("given_at")
    going: dict[UUID, int] = {}
    ended: dict[UUID, datetime] = {}
    way_m: dict[UUID, int] = {}
    for partner, cell, outcome, metres, ended_at in recent.values_list(*fields):
        if outcome == Outcome.OPEN:
            going[partner] = cell
        else:
            ended[partner] = ended_at
        if outcome != Outcome.IGNORED:
            way_m[partner] = way_m.get(partner, 0) + metres
    return [
        Free(partner, where.lat, where.lng, going.get(partner), ended.get(partner), way_m.get(partner, 0))
        for partner, where in sorted(known.items())
        if where.available and not where.serving
    ]
