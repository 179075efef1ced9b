"""The figures of a replay, and how sure the difference of two is. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import nan

import numpy as np

from core.prices import increments
from insights.sandbox.world import NOBODY, Day, End, Floats, Ints, Outcome
from insights.sandbox.zones import in_zones

BLOCK_S = 1800.0  # waits within half an hour depend on one another
RESAMPLES = 1000
LEVEL = 0.95
ONLINE_MIN_S = 1800.0  # earnings an hour of shorter days say little

Statistic = Callable[[Floats, Floats], float]  # (values, weights): NaN values count for nothing


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run. Waits are from the request to the arrival, in seconds; NaN if nobody was served."""

    requests: int
    served: int
    unmatched: int
    cancelled: int
    mean_wait_s: float
    p50_wait_s: float
    p90_wait_s: float
    mean_offer_s: float  # from the request to the first offer
    mean_way_m: float
    earned_p10: float  # minor units an hour online, of partners
    earned_p50: float
    earned_p90: float
    gini: float  # of these: 0 if all earn the same, towards 1 if one earns all


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more a figure is than in the run beside it, with the ends of its interval."""

    value: float
    low: float
    high: float


def counted(day: Day) -> Ints:
    """Return the requests that figures count: those of the day itself."""
    created = day.requests.created_s
    return np.flatnonzero((created >= day.begins_s) & (created < day.ends_s))


def figures(day: Day, outcome: Outcome, *, amount: int, increment_s: int, commission_bps: int) -> Figures:
    """Return the figures of a run under a tariff in minor units."""
    own = counted(day)
    end, wait_s = outcome.end[own], outcome.arrived_s[own]
    hourly = earned(outcome, own, amount=amount, increment_s=increment_s, commission_bps=commission_bps)
    return Figures(
        requests=int(own.size),
        served=int((end == End.SERVED).sum()),
        unmatched=int((end == End.UNMATCHED).sum()),
        cancelled=int((end == End.CANCELLED).sum()),
        mean_wait_s=_mean(wait_s),
        p50_wait_s=_percentile(wait_s, 50),
        p90_wait_s=_percentile(wait_s, 90),
        mean_offer_s=_mean(outcome.offered_s[own]),
        mean_way_m=_mean(outcome.way_m[own]),
        earned_p10=_percentile(hourly, 10),
        earned_p50=_percentile(hourly, 50),
        earned_p90=_percentile(hourly, 90),
        gini=_gini(hourly),
    )


def earned(outcome: Outcome, own: Ints, *, amount: int, increment_s: int, commission_bps: int) -> Floats:
    """Return what partners earned an hour, of those who were online for half an hour at least, in minor units."""
    total = np.zeros(outcome.online_s.size)
    for request in own.tolist():
        session_s, partner = float(outcome.session_s[request]), int(outcome.partner[request])
        if partner != NOBODY and session_s > 0:
            total[partner] += increments(timedelta(seconds=session_s), increment_s) * amount
    long = outcome.online_s >= ONLINE_MIN_S
    hourly: Floats = total[long] * (1 - commission_bps / 10_000) / (outcome.online_s[long] / 3600)
    return hourly


def by_zone(day: Day, outcome: Outcome) -> dict[str, tuple[int, float, float]]:
    """Return, by the name of the zone, the number of requests, the mean wait in seconds, and the share unmatched."""
    return {
        zone.name: (len(some), _mean(outcome.arrived_s[some]), float((outcome.end[some] == End.UNMATCHED).mean()))
        for zone, some in in_zones(day, counted(day)).items()
    }


# ---------------------------------------------------------------- differences


def differences(day: Day, outcome: Outcome, beside: Outcome, *, seed: int) -> dict[str, Difference]:
    """Return how the waits and the unmatched share of a run differ from those of another, with 95% intervals.

    Half hours are drawn again, each with its requests in both runs (paired block bootstrap: H. Künsch, "The jackknife
    and the bootstrap for general stationary observations", Annals of Statistics 17, 1989).
    """
    own = counted(day)
    block = ((day.requests.created_s[own] - day.begins_s) // BLOCK_S).astype(np.int64)
    blocks = int((day.ends_s - day.begins_s) // BLOCK_S) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(blocks, np.full(blocks, 1 / blocks), RESAMPLES)[:, block].astype(np.float64)
    both = {
        "mean_wait_s": (outcome.arrived_s[own], beside.arrived_s[own], weighted_mean),
        "p50_wait_s": (outcome.arrived_s[own], beside.arrived_s[own], _weighted_percentile(0.5)),
        "p90_wait_s": (outcome.arrived_s[own], beside.arrived_s[own], _weighted_percentile(0.9)),
        "unmatched_share": (_is_unmatched(outcome, own), _is_unmatched(beside, own), weighted_mean),
    }
    return {name: _difference(*values, drawn) for name, values in both.items()}


def _difference(values: Floats, beside: Floats, statistic: Statistic, drawn: Floats) -> Difference:
    once = np.ones(values.size)
    again = np.array([statistic(values, weights) - statistic(beside, weights) for weights in drawn])
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(again, [tail, 1 - tail]) if np.isfinite(again).any() else (nan, nan)
    return Difference(statistic(values, once) - statistic(beside, once), float(low), float(high))


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Return the mean of the known values."""
    known = ~np.isnan(values)
    total = float(weights[known].sum())
    return float((values[known] * weights[known]).sum()) / total if total else nan


def _weighted_percentile(share: float) -> Statistic:
    def statistic(values: Floats, weights: Floats) -> float:
        order = np.argsort(values)[: int((~np.isnan(values)).sum())]  # NaN sorts last
        reached = np.cumsum(weights[order])
        if not reached.size or not reached[-1]:
            return nan
        return float(values[order[int(np.searchsorted(reached, share * reached[-1]))]])

    return statistic


def _is_unmatched(outcome: Outcome, own: Ints) -> Floats:
    unmatched: Floats = (outcome.end[own] == End.UNMATCHED).astype(np.float64)
    return unmatched


# ---------------------------------------------------------------- fidelity


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How well the rules in force repeat the record."""

    assigned: float  # the share of requests that had a partner, or none, whose partner is the same
    wait: float  # the mean wait by the recorded one; NaN if nobody was served
    recorded_wait_s: float


def fidelity(day: Day, recorded: Outcome, again: Outcome) -> Fidelity:
    """Compare a replay under the rules in force with the record."""
    own = counted(day)
    same = recorded.partner[own] == again.partner[own]
    was, now = _mean(recorded.arrived_s[own]), _mean(again.arrived_s[own])
    return Fidelity(float(same.mean()) if own.size else nan, now / was if was else nan, was)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else nan


def _percentile(values: Floats, percent: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.percentile(known, percent)) if known.size else nan


def _gini(values: Floats) -> float:
    """Return the Gini coefficient (C. Gini, 1912), by the ranks of the sorted values."""
    total = float(values.sum())
    if not values.size or not total:
        return nan
    ranks = np.arange(1, values.size + 1)
    return float((2 * ranks - values.size - 1) @ np.sort(values)) / (values.size * total)


def as_json(rows: Mapping[str, object]) -> dict[str, object]:
    """Return figures with None in place of NaN, which JSON does not have."""
    return {name: None if isinstance(value, float) and value != value else value for name, value in rows.items()}
