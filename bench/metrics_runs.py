"""Fills Valkey with series, scrapes `/metrics`, and has the sweep count and evaluate."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock, metric_totals, metrics, vitals
from core.vitals import Vitals
from ops.gauges import count_rows
from ops.watcher import Watcher
from simulator.figures import spread_of

ROUNDS = 100
WORKERS = 40  # processes that tell their figures
REGIONS, USUAL = 20, 25  # of the second label of stages; series of every other metric


def carry_out() -> None:
    """Measure and print one line for each."""
    settings.ALLOWED_HOSTS = ["*"]
    print(f"{'':60} {'p50 ms':>8} {'p95 ms':>8} {'processor ms':>12} {'statements':>10}")
    _fill(USUAL)
    _line("count rows, as the sweep does", lambda: count_rows(clock.now()))
    watcher = Watcher()
    _line("count, evaluate the rules, send nothing", lambda: watcher.look(clock.now()))
    _scrape("/metrics of a city")
    _fill(metrics.SERIES_MAX)
    watcher.look(clock.now())
    _scrape("/metrics, as many series as there may be")


def _fill(series: int) -> None:
    """Have every metric counted in so many series, and some processes alive."""
    for number in range(WORKERS):
        vitals.tell(Vitals("worker", "bench", number, {"cpu": 0.5, "busy": 0.5}))
    for each in metrics.declared():
        for number in range(series if each.labels else 1):
            values = [f"word-{number}" for _ in each.labels]
            if isinstance(each, metrics.Histogram):
                for bound in (*each.buckets, each.buckets[-1] + 1):
                    each.observe(bound, *values)
            elif isinstance(each, metrics.Counter):
                each.add(*values)
    for number in range(REGIONS):
        for stage in ("offered", "seen", "accepted", "arrived"):
            metrics.STAGE.observe(1.0, stage, f"region-{number}")
    metric_totals.tell()


def _scrape(what: str) -> None:
    client = Client()
    lines = client.get("/metrics").content.count(b"\n")
    _line(f"{what}: {lines:,} lines", lambda: client.get("/metrics"))


def _line(what: str, call: Callable[[], Any]) -> None:
    with CaptureQueriesContext(connection) as captured:
        call()
    times, busy = [], time.process_time()
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    spread = spread_of(times)
    used = (time.process_time() - busy) / ROUNDS
    print(f"{what:60} {spread.p50 * 1e3:8.1f} {spread.p95 * 1e3:8.1f} {used * 1e3:12.1f} {len(captured):10}")
