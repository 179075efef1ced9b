"""Times calls and summarizes runs."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Timed:
    """The latency of calls, in seconds, and their rate."""

    p50: float
    p99: float
    rate: float  # calls a second, one after the other

    def __str__(self) -> str:
        return f"{self.p50 * 1e3:9.3f} ms {self.p99 * 1e3:10.3f} ms {self.rate:11,.0f}/s"


def latencies(call: Callable[[T], object], items: Sequence[T], *, at_most_s: float = 5.0) -> list[float]:
    """Call with each item and return the seconds of each call; stops early once `at_most_s` are spent."""
    taken, until = [], time.perf_counter() + at_most_s
    for item in items:
        begun = time.perf_counter()
        call(item)
        ended = time.perf_counter()
        taken.append(ended - begun)
        if ended > until:
            break
    return taken


def summary(runs: Sequence[Sequence[float]]) -> Timed:
    """The median of several runs, for each figure."""

    def middle(figure: Callable[[list[float]], float]) -> float:
        return statistics.median(figure(sorted(run)) for run in runs)

    return Timed(
        p50=middle(lambda run: run[len(run) // 2]),
        p99=middle(lambda run: run[min(len(run) - 1, int(len(run) * 0.99))]),
        rate=middle(lambda run: len(run) / sum(run)),
    )


def machine() -> str:
    """Describe this machine in one line."""
    load = os.getloadavg()[0]
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{system}, load {load:.1f}, Python {platform.python_version()}"
