"""All that is counted and timed, in the memory of each process; `core/metric_totals.py` adds up all of them.

Counting costs no statement and no round trip.

A label has the value that the code gives it, never what somebody has typed: values that are not short plain words, and
series beyond `SERIES_MAX`, are counted as `other`.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from functools import partial

from django.db import transaction

SERIES_MAX = 200  # of one metric
OTHER = "other"
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}|[1-5]xx", re.ASCII)  # shorter than any id or token
MS = 1000  # in a second

_declared: dict[str, "Measured"] = {}
_counted: dict[str, int] = {}  # by this process since `tell` was last called
_lock = threading.Lock()


class Measured:
    """A counter or a histogram with labels. A field of the hash is its name, its labels' values and what is counted."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str]) -> None:
        self.name, self.help_text, self.labels = name, help_text, tuple(labels)
        self._series: dict[tuple[str, ...], str] = {}
        _declared[name] = self

    def _field(self, values: tuple[str, ...]) -> str:
        """Return the beginning of the fields of a series."""
        known = self._series.get(values)
        if known is None:
            if len(values) != len(self.labels):
                raise ValueError(f"{self.name} has the labels {self.labels}")
            words = [value if WORD.fullmatch(value) else OTHER for value in values]
            if len(self._series) >= SERIES_MAX:
                return "|".join([self.name, *[OTHER] * len(values)])
            known = self._series[values] = "|".join([self.name, *words])
        return known


class Counter(Measured):
    """Counts events."""

    def add(self, *values: str, count: int = 1) -> None:
        """Count events of the series with these values of the labels."""
        _add({f"{self._field(values)}|n": count})

    def add_on_commit(self, *values: str, count: int = 1, using: str | None = None) -> None:
        """Count events if this transaction commits."""
        transaction.on_commit(partial(self.add, *values, count=count), using=using, robust=True)


class Histogram(Measured):
    """Counts durations by their length: `buckets` are upper bounds in seconds."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str], buckets: Sequence[float]) -> None:
        super().__init__(name, help_text, labels)
        self.buckets = tuple(sorted(buckets))

    def observe(self, seconds: float, *values: str) -> None:
        """Count one duration. One below 0, by a clock that was set back, counts as 0."""
        seconds = max(0.0, seconds)
        bucket = next((index for index, bound in enumerate(self.buckets) if seconds <= bound), len(self.buckets))
        field = self._field(values)
        _add({f"{field}|{bucket}": 1, f"{field}|ms": round(seconds * MS)})

    def observe_on_commit(self, seconds: float, *values: str, using: str | None = None) -> None:
        """Count one duration if this transaction commits."""
        transaction.on_commit(partial(self.observe, seconds, *values), using=using, robust=True)


def _add(counts: Mapping[str, int]) -> None:
    with _lock:
        for field, count in counts.items():
            _counted[field] = _counted.get(field, 0) + count


def take() -> dict[str, int]:
    """Return what was counted since the last call, by field."""
    with _lock:
        counts = dict(_counted)
        _counted.clear()
    return counts


def give_back(counts: Mapping[str, int]) -> None:
    """Count again what was taken, because nobody could be told."""
    _add(counts)


def declared() -> list[Measured]:
    """Return every metric, by name."""
    return [each for _, each in sorted(_declared.items())]


# ---------------------------------------------------------------- the metrics

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds, of what people wait for
PATIENT = (0.05, 0.25, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800)  # seconds, of what people do

STAGE = Histogram(
    "stage_seconds",
    "From taken to offered, from offered to seen and to accepted, from accepted to arrived.",
    ("stage", "region"),
    PATIENT,
)
FRAME = Histogram(
    "frame_seconds",
    "From the writing of an event to its frame at the socket, pushed or read from the log.",
    ("way",),
    QUICK,
)
TRANSITIONS = Counter("transitions", "Rows that have come to a status.", ("of", "to"))
CALLS = Histogram("call_seconds", "HTTP calls, without probes.", ("method", "status"), QUICK)
TASK_WAIT = Histogram("task_wait_seconds", "From the sending of a task to its begin.", ("task",), QUICK)
TASK = Histogram("task_seconds", "How long tasks ran.", ("task", "state"), QUICK)
PASS = Histogram("pass_seconds", "How long passes of the sweep ran.", ("pass", "outcome"), QUICK)
DELIVERY = Histogram(
    "delivery_seconds", "How long push services, mail and alert receivers took.", ("channel", "outcome"), QUICK
)
PROVIDER_EVENT = Histogram(
    "provider_event_seconds", "From the arrival of a payment provider's webhook to its effect.", (), PATIENT
)
