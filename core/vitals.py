"""Figures about each process, told to Valkey every two seconds: for `/metrics`, and for the supervisor, which scales.

What the process has counted (`core/metric_totals.py`) is told with them.

Valkey forgets a process that has told nothing for `KEPT_S`, by its own clock.
"""

import atexit
import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from django.conf import settings

from core import metric_totals, valkey

log = logging.getLogger(__name__)

EVERY_S = 2.0
KEPT_S = 10
KNOWN = "vitals"  # the set of processes that have told something; one that is gone is taken out by the next reader

Gauge = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The figures of one process: always `cpu`, the share of a processor, and more by kind."""

    kind: str
    host: str
    pid: int
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The process among those of all machines."""
        return f"{self.host}:{self.pid}"


class Processor:
    """The share of a processor that this process has used since the last look."""

    def __init__(self) -> None:
        self._used, self._at = time.process_time(), time.monotonic()

    def share(self) -> float:
        """Return the share since the last call; above 1 if threads have run on several processors."""
        used, at = time.process_time(), time.monotonic()
        share = (used - self._used) / max(at - self._at, 1e-3)
        self._used, self._at = used, at
        return round(share, 3)


def begin(**gauges: Gauge) -> None:
    """Tell the figures of this process from now on, in a thread of its own, and what it has counted when it ends."""
    atexit.register(_tell_last)
    threading.Thread(target=_tell_for_ever, args=[gauges], name="vitals", daemon=True).start()


def _tell_last() -> None:
    with contextlib.suppress(valkey.Unreachable):
        metric_totals.tell()


def _tell_for_ever(gauges: dict[str, Gauge]) -> None:
    processor = Processor()
    while True:
        time.sleep(EVERY_S)
        tell_now(processor, gauges)


def tell_now(processor: Processor, gauges: dict[str, Gauge]) -> None:
    """Tell the figures of this process. Errors are logged, and the figures of the next round are newer."""
    try:
        figures = {"cpu": processor.share(), **{name: gauge() for name, gauge in gauges.items()}}
        tell(Vitals(settings.PROCESS_KIND, socket.gethostname(), os.getpid(), figures))
        metric_totals.tell()
    except valkey.Unreachable:
        pass
    except Exception:
        log.exception("the figures of this process could not be told")


def tell(vitals: Vitals) -> None:
    """Store the figures of a process for `KEPT_S`. Raises `valkey.Unreachable`."""
    told = {"kind": vitals.kind, "host": vitals.host, "pid": vitals.pid, "figures": vitals.figures}
    pipe = valkey.client().pipeline(transaction=False)
    pipe.set(f"{KNOWN}:{vitals.name}", json.dumps(told), ex=KEPT_S)
    pipe.sadd(KNOWN, vitals.name)
    pipe.execute()


def read() -> list[Vitals]:
    """Return the figures of every process that lives, by kind and name. Raises `valkey.Unreachable`."""
    known = cast("set[bytes]", valkey.client().smembers(KNOWN))
    names = sorted(name.decode() for name in known)
    if not names:
        return []
    told = valkey.client().mget([f"{KNOWN}:{name}" for name in names])
    if gone := [name for name, text in zip(names, told, strict=True) if text is None]:
        valkey.client().srem(KNOWN, *gone)
    lives = [vitals for text in told if text is not None and (vitals := _parsed(text)) is not None]
    return sorted(lives, key=lambda vitals: (vitals.kind, vitals.name))


def _parsed(text: bytes | str) -> Vitals | None:
    """Return what a process has told, as far as this release knows it; None if that is nothing."""
    try:
        told = json.loads(text)
        figures = {name: figure for name, figure in told["figures"].items() if isinstance(figure, int | float)}
        return Vitals(str(told["kind"]), str(told["host"]), int(told["pid"]), figures)
    except (ValueError, TypeError, KeyError, AttributeError):
        log.warning("the figures of a process could not be read")
        return None
