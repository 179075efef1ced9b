"""Prunes every table of `ops/retention.py`, in a thread of its own, so that no deadline waits for it.

Each table has turns of at most `TURN_S`, so that a long backlog of one does not keep the others waiting. Between two
batches the pruner rests for as long as the last one took, which leaves half of what it could use to those who wait for
people.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from django.db import close_old_connections, connections

from core import clock
from core.database import trouble_of
from core.log_context import bound
from core.pruning import Place, Pruning
from ops.retention import PRUNED

log = logging.getLogger(__name__)

TURN_S = 2.0
REST_S = 0.005  # at least
LOOK_EVERY_S = 1.0
Rest = Callable[[float], bool]  # waits for so many seconds; returns whether the pruner is to stop


class Pruner:
    """Takes the tables in turns. A failure is logged, and the table has its next turn after the others."""

    def __init__(self) -> None:
        self._due: dict[Pruning, float] = {}
        self._places: dict[Pruning, Place | None] = {}

    def round(self, rest: Rest) -> bool:
        """Give every table that is due a turn; returns whether one of them is not done."""
        behind = False
        for label, prunings in PRUNED.items():
            for pruning in prunings:
                if time.monotonic() < self._due.get(pruning, 0.0):
                    continue
                try:
                    with bound(table=label):
                        behind |= not self._turn(label, pruning, rest)
                except Exception as error:
                    if trouble_of(error) is not None:  # it would affect the other tables as well
                        log.warning("pruning waits: the database is in trouble (%s)", type(error).__name__)
                        return False
                    log.exception("pruning %s failed", label)
                    self._due[pruning] = time.monotonic() + pruning.every_s
                if rest(0.0):
                    return False
        return behind

    def _turn(self, label: str, pruning: Pruning, rest: Rest) -> bool:
        """Prune batches until none is left or the turn is over; returns whether none is left."""
        until, pruned = time.monotonic() + TURN_S, 0
        while True:
            begun = time.monotonic()
            count, place = pruning.batch(clock.now(), self._places.get(pruning))
            self._places[pruning] = place
            pruned += count
            now = time.monotonic()
            if place is None or now >= until or rest(max(REST_S, now - begun)):
                break
        if pruned:
            log.info("pruned %d rows of %s%s", pruned, label, "" if place is None else ", and more are left")
        if place is None:
            self._due[pruning] = time.monotonic() + pruning.every_s
        return place is None


def prune(label: str, now: datetime) -> int:
    """Prune all of one table; returns the number of rows."""
    pruned = 0
    for pruning in PRUNED[label]:
        place: Place | None = None
        while True:
            count, place = pruning.batch(now, place)
            pruned += count
            if place is None:
                break
    return pruned


def prune_all(now: datetime) -> None:
    """Prune every table."""
    for label in PRUNED:
        prune(label, now)


def start(stop: Event) -> Thread:
    """Prune in a thread until `stop` is set. The thread ends with its process, in the middle of a batch, too."""

    def run() -> None:
        pruner, behind = Pruner(), False
        try:
            while not stop.wait(0.0 if behind else LOOK_EVERY_S):
                close_old_connections()
                behind = pruner.round(stop.wait)
        finally:
            connections.close_all()

    thread = Thread(target=run, name="pruner", daemon=True)
    thread.start()
    return thread
