"""Learns the arrival times of each region, now and then, in the background."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from core import clock
from core.jobs import DueRows
from insights.arrival import factors
from insights.arrival.backtest import LEAST_RIDES, backtest
from insights.arrival.history import history_of
from insights.arrival.models import ArrivalTable
from insights.arrival.rides import Rides
from insights.arrival.selectors import forget_tables
from insights.arrival.waits import figures
from regions.models import Region

log = logging.getLogger(__name__)

TABLES = DueRows(ArrivalTable, "learn_at", "learn_arrivals")
EVERY = timedelta(hours=3)
EVERY_AT_FIRST = timedelta(minutes=10)  # while there are too few rides, each counts


def sweep_arrivals(now: datetime) -> None:
    """Enqueue the regions whose arrival times are to be learnt; a region without a table is given one."""
    without = Region.objects.filter(active=True).exclude(pk__in=ArrivalTable.objects.values("pk"))
    tables = [ArrivalTable(region=region, learn_at=now) for region in without]
    if tables:
        ArrivalTable.objects.bulk_create(tables, ignore_conflicts=True)
    TABLES.enqueue_due(now)


def learn_arrivals(region_id: UUID) -> None:
    """Learn the arrival times of a region from its rides, and its waits from its requests. Safe to run twice."""
    with TABLES.leased(region_id) as mine:
        if mine:
            _learn(Region.objects.get(pk=region_id), now=clock.now())


def _learn(region: Region, *, now: datetime) -> None:
    history = history_of(region, now=now)
    few = len(history.rides) < LEAST_RIDES
    learnt = _nothing() if few else _learnt(history.rides)
    TABLES.postpone(
        region.pk,
        now + (EVERY_AT_FIRST if few else EVERY),
        version=F("version") + 1,
        learned_at=now,
        rides=len(history.rides),
        left_out=history.left_out,
        recent=figures(history.asked),
        **learnt,
    )
    forget_tables()
    log.info("learnt from %d rides of %s: %s", len(history.rides), region.slug, learnt["backtest"])


def _nothing() -> dict[str, Any]:
    return {"factors": None, "backtest": None}


def _learnt(rides: Rides) -> dict[str, Any]:
    """Return the columns with the factors, unless the constants were nearer, and with the backtest."""
    tried = backtest(rides)
    return {
        "factors": factors.learn(rides).as_json() if tried.is_better else None,
        "backtest": tried.as_json(),
    }
