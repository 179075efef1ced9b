"""Shows who pays for the shorter mean: unmatched requests and long waits by zone, and by how far partners are.

Zones are squares of 2 km. How far partners are is the mean distance from a request to its nearest three partners, busy
or free, when it appears.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.replay import Case, Floats, Result

ZONE_M = 2000.0
FEWEST = 50  # zones with fewer requests are left out
CLASSES_M = (500.0, 1000.0, 2000.0, 4000.0)
MUCH = 5.0  # percentage points
Run = Callable[[Case], Result]


def _figures(wait_s: Floats, count: int) -> str:
    met = wait_s[~np.isnan(wait_s)] / 60
    late = f"{np.percentile(met, 90):.1f}" if met.size else "–"
    return f"{wait_s.size / count:.1%} | {np.isnan(wait_s).mean():.1%} | {late}"


def zones(x: Floats, y: Floats) -> NDArray[np.int64]:
    """The number of each place's zone, shape (n,)."""
    squares = np.stack([np.floor(x / ZONE_M), np.floor(y / ZONE_M)])
    return np.asarray(np.unique(squares, axis=1, return_inverse=True)[1], np.int64)


def more_unmatched(zone: NDArray[np.int64], wait_s: Floats, peer_s: Floats) -> Floats:
    """Percentage points by which a zone's unmatched share is above the peer's, greatest first."""
    found = []
    for number in np.unique(zone):
        own = zone == number
        if own.sum() >= FEWEST:
            found.append(100 * (np.isnan(wait_s[own]).mean() - np.isnan(peer_s[own]).mean()))
    return np.sort(np.array(found))[::-1]


def fairness(cases: list[Case], runs: dict[str, Run]) -> Iterator[str]:
    """The table's lines for one supply; zones are compared with the first contender."""
    zone = zones(np.concatenate([c.x for c in cases]), np.concatenate([c.y for c in cases]))
    bounds = (0.0, *CLASSES_M, np.inf)
    peer_s: Floats | None = None
    for name, run in runs.items():
        results = [run(case) for case in cases]
        wait_s = np.concatenate([result.wait_s for result in results])
        near_m = np.concatenate([result.near_m for result in results])
        peer_s = wait_s if peer_s is None else peer_s
        for least, most in pairwise(bounds):
            own = (near_m >= least) & (near_m < most)
            if own.any():
                yield f"| {name} | {least / 1000:g} to {most / 1000:g} km | {_figures(wait_s[own], wait_s.size)} |"
        yield f"| {name} | all | {_figures(wait_s, wait_s.size)} |"
        yield f"| {name} | generalised wait {np.mean([result.generalised for result in results]):.2f} min | | | |"
        more = more_unmatched(zone, wait_s, peer_s)
        worst = ", ".join(f"{points:+.1f}" for points in more[:3])
        yield f"| {name} | zones: {(more > MUCH).sum()} of {more.size} over {MUCH:g} points above | {worst} | | |"
