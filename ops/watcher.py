"""Counts rows for `/metrics`, evaluates the alert rules and sends what is told about alerts.

It runs in a thread of the sweep beside the deadlines, so that neither waits for the other, and needs no worker.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from threading import Event, Thread

from django.db import close_old_connections, connections

from alerts.evaluating import Evaluator
from alerts.expressions import Sample, Samples
from alerts.notices import send_due
from alerts.services import sweep_times
from core import clock, metric_totals, valkey
from core.database import trouble_of
from core.metrics import Counter
from ops import gauges
from regions.models import Region

log = logging.getLogger(__name__)

EVERY_S = 5.0
CLAIMED_S = 4.0  # one of several sweeps counts; all evaluate what it has counted


class Watcher:
    """Looks at everything again and again."""

    def __init__(self) -> None:
        self._evaluator = Evaluator()

    def look(self, now: datetime) -> None:
        """Count rows unless another sweep has just done so, then evaluate the rules and send what is due."""
        samples = look_around(now)
        sweep_times(now)
        regions = dict(Region.objects.values_list("slug", "pk"))
        self._evaluator.look(samples, regions=regions, now=now)
        send_due(now)


def look_around(now: datetime) -> Samples:
    """Return the samples of all metrics, as Prometheus would scrape them."""
    counts = None
    try:
        if valkey.claim(f"{gauges.KEY}:by", CLAIMED_S):
            counts = gauges.count_rows(now)
            gauges.keep(counts)
        else:
            counts = gauges.kept()
        return samples_of(gauges.now_figures(counts), metric_totals.read())
    except valkey.Unreachable:
        return samples_of((counts or gauges.count_rows(now)).figures, None)


def samples_of(figures: Iterable[gauges.Figure], totals: metric_totals.Totals | None) -> Samples:
    """Return gauges and counters as samples. Without `totals`, Valkey is away, and the counters are not known."""
    samples: dict[str, list[Sample]] = {"valkey_up": [Sample({}, int(totals is not None))]}
    for name, labels, value in figures:
        named = dict(zip(gauges.GAUGES[name][0], labels, strict=True))
        samples.setdefault(name, []).append(Sample(named, value))
    for each, series in metric_totals.by_series(totals) if totals is not None else ():
        is_counter = isinstance(each, Counter)
        samples[f"{each.name}_{'total' if is_counter else 'count'}"] = [
            Sample(
                dict(zip(each.labels, values, strict=True)),
                sum(count for what, count in counted.items() if what != "ms"),
            )
            for values, counted in series.items()
        ]
    return samples


def start(stop: Event) -> Thread:
    """Look every `EVERY_S` in a thread until `stop` is set. The thread ends with its process."""

    def run() -> None:
        watcher = Watcher()
        try:
            while True:
                close_old_connections()
                try:
                    watcher.look(clock.now())
                except Exception as error:
                    if trouble_of(error) is not None:
                        log.warning("nothing is watched: the database is in trouble (%s)", type(error).__name__)
                    else:
                        log.exception("the watcher failed")
                if stop.wait(EVERY_S):
                    return
        finally:
            connections.close_all()

    thread = Thread(target=run, name="watcher", daemon=True)
    thread.start()
    return thread
