"""The health of every part, from its heartbeat, its queue or its answer, for the staff page."""

import time
from collections.abc import Iterable

from django.db import connection

from core import valkey
from ops import gauges
from ops.gauges import Figure
from payments.operations import Operation

SLOW_MS, SLOW_S, DOWN_S = 200, 5, 60  # of an answer; of the oldest that waits in a queue
OK, SLOW, DOWN, UNKNOWN = "ok", "slow", "down", "unknown"
DUE = {"mail": ("mail", "receipt"), "push": ("push",), "jobs": tuple(Operation)}
QUEUE = "queue:"  # before the name of a region
KINDS = {"web", "worker", "sweep"}  # of processes; sockets are counted in the process that has them

Health = dict[str, tuple[str, int | None]]  # by part: its state, and its figure in the part's unit


def answer_of_database() -> int:
    """Return how many milliseconds the database takes to answer."""
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return round(1000 * (time.monotonic() - begun))


def health_of(answered_ms: int | None, *, answers: bool) -> Health:
    """Return the health of all parts.

    Args:
        answered_ms: how long the database took the last time; None if it has not been asked yet.
        answers: whether that was just now.
    """
    database = UNKNOWN if answered_ms is None else SLOW if answered_ms >= SLOW_MS else OK
    health: Health = {"database": (database, answered_ms) if answers else (DOWN, None)}
    begun = time.monotonic()
    try:
        figures = list(gauges.now_figures(gauges.kept()))
    except valkey.Unreachable:
        return {**health, "valkey": (DOWN, None)}
    took_ms = round(1000 * (time.monotonic() - begun))
    return health | {"valkey": (SLOW if took_ms >= SLOW_MS else OK, took_ms)} | _by_figures(figures)


def _by_figures(figures: Iterable[Figure]) -> Health:
    health: Health = {}
    due: dict[str, float] = {}
    sockets: list[float] = []
    for name, labels, value in figures:
        if name == "processes" and labels[0] in KINDS:
            health[labels[0]] = (OK if value else DOWN, int(value))
        elif name == "oldest_task_seconds":
            health[QUEUE + labels[0]] = _by_wait(value)
        elif name == "overdue_seconds":
            due[labels[0]] = value
        elif name == "process_sockets":
            sockets.append(value)
    health["sockets"] = (OK if sockets else DOWN, round(sum(sockets)))
    for part, kinds in DUE.items():
        if known := [due[kind] for kind in kinds if kind in due]:
            health[part] = _by_wait(max(known))
    return health


def _by_wait(seconds: float) -> tuple[str, int]:
    return DOWN if seconds >= DOWN_S else SLOW if seconds >= SLOW_S else OK, round(seconds)
