"""Publishes the content of the staff page, once a second for every open page, in two threads beside the sweep.

One thread asks the database; the other reads Valkey and publishes, so that pages go on, and say how old their counts
are, while the database does not answer. Of several sweeps, one publishes: the one that holds a key in Valkey, which
another takes over within `LEADS_S` of its death. Two at the same time do no harm.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

from django.db import close_old_connections, connections

from core import clock, valkey
from core.database import trouble_of
from core.log_context import bound
from notifications.events import push_latest
from ops.live.alerts import Alerts, keep_alerts, open_alerts
from ops.live.counts import NOWHERE, Counts, completed_last_day, keep_counts, live_counts
from ops.live.frames import alerts_frames, counts_frames, health_frame, keep_health, map_frames, minutes_frames, tick
from ops.live.health import answer_of_database, health_of
from ops.live.marks import CityMap, Open, open_requests
from ops.live.minutes import Minutes, newest_minutes

log = logging.getLogger(__name__)

EVERY_S = 1.0
MINUTES_EVERY_S = 5.0
COMPLETED_EVERY_S = 30.0
LEADS_S = 3.0
LATE = timedelta(seconds=5)  # after a count; then the database counts as down
LEADER = "staff:live:publisher"


@dataclass(frozen=True, slots=True)
class Known:
    """The last answers of the database."""

    at: datetime
    counts: dict[str, Counts]
    answered_ms: int
    open: Open
    alerts: Alerts


class Publisher:
    """Each of its two rounds is called by one thread; they share what was counted last."""

    def __init__(self) -> None:
        self._name = uuid4().hex
        self._leads = False
        self._known: Known | None = None
        self._minutes: Minutes = {}
        self._map = CityMap()
        self._minutes_due = 0.0  # by the monotonic clock
        self._completed: dict[str, int] = {}
        self._completed_due = 0.0

    def count(self, now: datetime) -> None:
        """Ask the database, if this process publishes."""
        if not self._leads:
            return
        if time.monotonic() >= self._completed_due:
            self._completed = completed_last_day(now)
            self._completed_due = time.monotonic() + COMPLETED_EVERY_S
        counts = live_counts(now, completed=self._completed)
        self._known = Known(now, counts, answer_of_database(), open_requests(), open_alerts())
        keep_counts(self._known.counts)
        keep_alerts(self._known.alerts)
        if time.monotonic() >= self._minutes_due:
            self._minutes_due = time.monotonic() + MINUTES_EVERY_S
            self._minutes = newest_minutes(now)

    def publish(self, now: datetime) -> None:
        """Publish what is known, unless another process does."""
        self._leads = valkey.leads(LEADER, self._name, LEADS_S)
        if not self._leads:
            return
        known = self._known
        counts = {} if known is None else known.counts
        answers = known is None or now - known.at <= LATE
        health = health_of(None if known is None else known.answered_ms, answers=answers)
        keep_health(health)
        on_map = Open() if known is None else known.open
        changes = self._map.changes(sorted(counts.keys() - {NOWHERE}), on_map, now)
        push_latest(
            [
                tick(now, None if known is None else known.at),
                *counts_frames(counts),
                *alerts_frames({} if known is None else known.alerts, counts),
                *minutes_frames(self._minutes),
                *map_frames(changes),
                health_frame(health),
            ]
        )


def start(stop: Event) -> list[Thread]:
    """Publish in threads until `stop` is set. They end with their process."""
    publisher = Publisher()
    rounds = {"live counts": publisher.count, "live frames": publisher.publish}
    threads = [Thread(target=_run, args=[name, work, stop], name=name, daemon=True) for name, work in rounds.items()]
    for thread in threads:
        thread.start()
    return threads


def _run(name: str, work: Callable[[datetime], None], stop: Event) -> None:
    try:
        while not stop.wait(EVERY_S):
            close_old_connections()
            try:
                with bound(**{"pass": name}):
                    work(clock.now())
            except valkey.Unreachable as error:
                log.warning("%s wait: Valkey does not answer (%s)", name, type(error).__name__)
            except Exception as error:
                if trouble_of(error) is not None:
                    log.warning("%s wait: the database is in trouble (%s)", name, type(error).__name__)
                else:
                    log.exception("%s failed", name)
    finally:
        connections.close_all()
