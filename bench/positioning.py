"""Advisers for the replay of `bench.policy`: they move free partners who follow advice toward expected demand.

An adviser knows the pickups of earlier days, never those of the day it advises on; `foresight` alone knows the future.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.policies import ours
from bench.replay import Adviser, Case, Floats, Pickups, Result, World, replay
from insights.positioning.places import ADVISING, Advising, Demand, advise, in_cells

DAY_S = 86_400.0
CELL_M = 300.0
PAST_DAYS = 56
FEWEST_DAYS = 3  # of the same kind; with fewer, all past days count
AROUND_S = 2_700.0  # pickups this long before and after the time of day count
RENEWED_S = 900.0  # expected demand is looked up this often
FORESEEN_S = 600.0

Run = Callable[[Case], Result]
Expected = Callable[[float], Demand]  # seconds since the start of the case → demand


def kind_of_day(t: Floats) -> NDArray[np.int64]:
    """0 from Monday to Friday, 1 on Saturday, 2 on Sunday; `t` is in local seconds since 2014, a Wednesday."""
    weekday = (t // DAY_S + 2) % 7
    return np.maximum(0, weekday - 4).astype(np.int64)


def past_demand(pickups: Pickups, case: Case) -> Expected:
    """Demand at the same time of day on earlier days of the same kind, from Monday to Friday, Saturday or Sunday."""
    today = case.begins_at // DAY_S * DAY_S
    past = (pickups.t < today) & (pickups.t >= today - PAST_DAYS * DAY_S)
    alike = past & (kind_of_day(pickups.t) == kind_of_day(np.array([today])))
    chosen = alike if np.unique(pickups.t[alike] // DAY_S).size >= FEWEST_DAYS else past
    if not chosen.any():
        raise SystemExit("No pickups of earlier days: an adviser needs some.")
    t, x, y = pickups.t[chosen] % DAY_S, pickups.x[chosen], pickups.y[chosen]
    known: dict[int, Demand] = {}

    def expected(now: float) -> Demand:
        turn = int(now // RENEWED_S)
        if turn not in known:
            middle = (case.begins_at + (turn + 0.5) * RENEWED_S) % DAY_S
            near = np.abs((t - middle + DAY_S / 2) % DAY_S - DAY_S / 2) <= AROUND_S
            known[turn] = in_cells(x[near], y[near], np.ones(int(near.sum())), CELL_M)
        return known[turn]

    return expected


def coming_demand(case: Case) -> Expected:
    """The requests of the next ten minutes, which no adviser can know."""

    def expected(now: float) -> Demand:
        coming = (case.t >= now) & (case.t < now + FORESEEN_S)
        return Demand(case.x[coming], case.y[coming], np.ones(int(coming.sum())))

    return expected


def followers(case: Case, compliance: float) -> NDArray[np.bool_]:
    """Choose the partners who follow advice, shape (p,). With more compliance, the same follow and others too."""
    order = np.random.default_rng(case.start_x.size).permutation(case.start_x.size)
    return order < round(compliance * order.size)


def adviser(expected: Expected, follows: NDArray[np.bool_], advising: Advising = ADVISING) -> Adviser:
    """Our adviser: `insights.positioning.places` with the given demand."""

    def speak(world: World) -> None:
        free = np.array(sorted(world.free), np.int64)
        movable = follows[free]
        x = np.where(movable, world.x[free], world.to_x[free])
        y = np.where(movable, world.y[free], world.to_y[free])
        world.to_x[free], world.to_y[free] = advise(expected(world.now), x, y, movable, advising)

    return speak


def nearest_median(expected: Expected, follows: NDArray[np.bool_]) -> Adviser:
    """A simple adviser: everybody goes to the median of the demand that is nearest to them."""

    def speak(world: World) -> None:
        demand, free = expected(world.now), np.array(sorted(world.free), np.int64)
        if not free.size or not demand.x.size:
            return
        nearest = np.hypot(demand.x[:, None] - world.x[free], demand.y[:, None] - world.y[free]).argmin(1)
        for number, partner in enumerate(free):
            own = nearest == number
            if follows[partner] and own.any():
                world.to_x[partner] = _median(demand.x[own], demand.weight[own])
                world.to_y[partner] = _median(demand.y[own], demand.weight[own])

    return speak


def _median(values: Floats, weight: Floats) -> float:
    order = np.argsort(values)
    heap = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(heap, heap[-1] / 2)])


def advised(pickups: Pickups, compliance: list[float]) -> dict[str, Run]:
    """The runs by name: ours without advice first, then each adviser with each compliance."""
    advisers: dict[str, Callable[[Case, NDArray[np.bool_]], Adviser]] = {
        "nearest median": lambda case, follows: nearest_median(past_demand(pickups, case), follows),
        "ours": lambda case, follows: adviser(past_demand(pickups, case), follows),
        "foresight": lambda case, follows: adviser(coming_demand(case), follows),
    }
    runs: dict[str, Run] = {"no advice": lambda case: replay(case, ours())}
    for name, makes in advisers.items():
        for share in compliance:
            runs[f"{name}, {share:.0%} follow"] = _advised(makes, share)
    return runs


def _advised(makes: Callable[[Case, NDArray[np.bool_]], Adviser], share: float) -> Run:
    def run(case: Case) -> Result:
        follows = followers(case, share)
        result = replay(case, ours(), makes(case, follows))
        return replace(result, way_km=result.way_km * follows.size / max(1, follows.sum()))

    return run
