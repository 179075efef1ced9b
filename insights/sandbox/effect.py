"""The effect of the rules of a switchback on waits and unmatched requests, analysed as they took turns. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import nan, sqrt
from typing import NamedTuple

import numpy as np

from insights.sandbox.figures import LEVEL
from insights.sandbox.states import Arm
from insights.sandbox.world import Floats

DRAWS = 2000
DAYS_MIN = 7  # with fewer days, pairs of half hours are drawn again instead of days
WORSE_MIN = 0.05  # of the requests more unmatched,
WORSE_Z = 3.0  # by this many standard errors,
WORSE_REQUESTS = 50  # with at least so many requests under either rules


class Slot(NamedTuple):
    """A half hour: whose turn it was, and sums over its requests."""

    day: date
    number: int
    arm: str
    requests: int
    unmatched: int
    served: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class Effect:
    """A figure under the rules from before and under those that are tried, and their difference with its interval.

    `chance` is the share of all orders in which the turns could have been drawn whose difference is as great. What is
    not known is NaN.
    """

    before: float
    tried: float
    value: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True, slots=True)
class Effects:
    """The findings of a switchback so far, from hours of which both halves are counted."""

    days: int
    hours: int
    by_days: bool  # whether the intervals draw days again, or, while there are few, hours
    mean_wait_s: Effect
    unmatched_share: Effect


def effects(slots: Sequence[Slot], *, seed: int) -> Effects:
    """Return the effects of a switchback.

    Intervals of 95% by a bootstrap of blocks, which are days, since hours of one day depend on one another. The share
    `chance` is that of the randomisation test (R. Fisher, "The Design of Experiments", 1935) with the draws of the
    design: the two rules of a pair of half hours change places, or do not.
    """
    pairs = _pairs(slots)
    blocks = sorted({day for day, _ in pairs})
    by_days = len(blocks) >= DAYS_MIN
    place = {day: number for number, day in enumerate(blocks)}
    block = np.array([place[day] if by_days else number for number, (day, _) in enumerate(pairs)], np.int64)
    found = {
        name: _effect(_sums(list(pairs.values()), of, per), block, seed)
        for name, of, per in (("mean_wait_s", "waited_s", "served"), ("unmatched_share", "unmatched", "requests"))
    }
    return Effects(days=len(blocks), hours=len(pairs), by_days=by_days, **found)


def is_much_worse(slots: Sequence[Slot]) -> bool:
    """Whether the rules that are tried leave so many more requests unmatched that nobody should go on.

    Two proportions, with the pooled standard error.
    """
    made, unmatched = (dict.fromkeys(Arm.values, 0) for _ in range(2))
    for slot in slots:
        made[slot.arm] += slot.requests
        unmatched[slot.arm] += slot.unmatched
    if min(made.values()) < WORSE_REQUESTS:
        return False
    share = sum(unmatched.values()) / sum(made.values())
    error = sqrt(share * (1 - share) * sum(1 / each for each in made.values()))
    more = unmatched[Arm.TRIED] / made[Arm.TRIED] - unmatched[Arm.BEFORE] / made[Arm.BEFORE]
    return more > WORSE_MIN and more >= WORSE_Z * error


def _pairs(slots: Sequence[Slot]) -> dict[tuple[date, int], dict[str, Slot]]:
    """Return the pairs of half hours of which both are there."""
    found: dict[tuple[date, int], dict[str, Slot]] = {}
    for slot in slots:
        found.setdefault((slot.day, slot.number // 2), {})[slot.arm] = slot
    return {key: pair for key, pair in sorted(found.items()) if len(pair) == len(Arm)}


def _sums(pairs: Sequence[dict[str, Slot]], of: str, per: str) -> Floats:
    """Return the numerator and denominator under each rules, of shape (pairs, 2 rules, 2)."""
    values = [[[getattr(pair[arm], of), getattr(pair[arm], per)] for arm in (Arm.BEFORE, Arm.TRIED)] for pair in pairs]
    return np.array(values, np.float64).reshape(-1, 2, 2)


def _effect(sums: Floats, block: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int) -> Effect:
    if not len(sums):
        return Effect(nan, nan, nan, nan, nan, nan)
    rng = np.random.default_rng(seed)
    before, tried = _ratios(sums.sum(axis=0)[np.newaxis])[0].tolist()
    value = tried - before

    of_blocks = np.zeros((int(block.max()) + 1, 2, 2))
    np.add.at(of_blocks, block, sums)
    count = len(of_blocks)
    weights = rng.multinomial(count, np.full(count, 1 / count), DRAWS)
    again = _ratios(np.einsum("db,bij->dij", weights, of_blocks))
    drawn = again[:, 1] - again[:, 0]
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if drawn.size and count > 1 else (nan, nan)

    swapped = rng.integers(0, 2, (DRAWS, len(sums)))
    placed = np.einsum("dp,pij->dij", swapped, sums[:, ::-1]) + np.einsum("dp,pij->dij", 1 - swapped, sums)
    other = _ratios(placed)
    differences = other[:, 1] - other[:, 0]
    as_great = int((np.abs(differences) >= abs(value) - 1e-12).sum())
    chance = (1 + as_great) / (1 + DRAWS) if np.isfinite(value) else nan
    return Effect(before, tried, value, float(low), float(high), chance)


def _ratios(sums: Floats) -> Floats:
    """Return numerators by denominators: from shape (n, 2, 2) to (n, 2); NaN where nothing is counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios: Floats = np.where(sums[:, :, 1] > 0, sums[:, :, 0] / sums[:, :, 1], nan)
    return ratios
