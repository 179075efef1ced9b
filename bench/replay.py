"""Replays real pickups against a matching policy, by discrete events and without Django.

A request arrives at the time and place of a pickup. A partner travels there at 20 km/h, through streets 1.3 times as
long as the straight line; the session takes place there, and the partner stays there after it. A request without a
partner leaves after five minutes. A policy knows only what a dispatcher knows: the place and age of each waiting
request, the place of each free partner, and since when the others have been on the way or in a session. It does not
know how long a session will take.

An adviser, if there is one, is asked every minute where the free partners who follow advice should be. They travel
there at the same speed, and a request may take them from wherever they have come to.
"""

import csv
import gzip
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regions.geometry import S_PER_M, STREET_FACTOR

Floats = NDArray[np.float64]
Match = tuple[int, int]  # (request, partner)

SERVICE_MEAN_S = 15 * 60.0
SERVICE_SIGMA = 0.5  # of the logarithm: a standard deviation of 8 minutes
SUPPOSED_PICKUP_S = 4 * 60.0  # assumed when computing the number of partners
PATIENCE_S = 5 * 60.0
UNMATCHED_S = 15 * 60.0  # the cost of an unmatched request in the generalised wait
ADVICE_S = 60.0  # an adviser speaks this often
LOOK_S = 5.0  # while requests and free partners both wait, the policy looks again this often
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Pickups:
    """Parallel arrays of shape (n,): local seconds since 2014, metres east and north of the median place."""

    t: Floats
    x: Floats
    y: Floats

    @classmethod
    def read(cls, path: Path, box: tuple[float, float, float, float] | None = None) -> "Pickups":
        """Read a gzipped CSV with the columns t (to the minute), lat, lng; `box` is south, west, north, east."""
        with gzip.open(path, "rt") as lines:
            rows = [(_seconds(row["t"]), float(row["lat"]), float(row["lng"])) for row in csv.DictReader(lines)]
        t, lat, lng = np.array(rows, np.float64).T
        if box is not None:
            south, west, north, east = box
            inside = (lat >= south) & (lat <= north) & (lng >= west) & (lng <= east)
            t, lat, lng = t[inside], lat[inside], lng[inside]
        middle = float(np.median(lat))
        east_m = (lng - float(np.median(lng))) * METRES_PER_DEGREE * math.cos(math.radians(middle))
        return cls(t, east_m, (lat - middle) * METRES_PER_DEGREE)


def _seconds(moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime(2014, 1, 1)).total_seconds()  # noqa: DTZ001  # local, as in the file


@dataclass(frozen=True)
class Case:
    """Known demand and given supply. Times in seconds from the start, places in metres; r requests, p partners."""

    t: Floats  # (r,) sorted
    x: Floats  # (r,)
    y: Floats  # (r,)
    service_s: Floats  # (r,) the length of each session, independent of the partner
    start_x: Floats  # (p,)
    start_y: Floats  # (p,)
    begins_at: float = 0.0  # local seconds since 2014


def make_case(pickups: Pickups, start: str, end: str, *, load: float, seed: int) -> Case:
    """Take a window's requests, and rate · (service + 4 min) / load partners at places drawn from all pickups."""
    begin, until = _seconds(start), _seconds(end)
    inside = (pickups.t >= begin) & (pickups.t < until)
    count = int(inside.sum())
    if not count:
        raise SystemExit(f"No pickups from {start} to {end}.")
    rng = np.random.default_rng(seed)
    t = pickups.t[inside] - begin + rng.uniform(0, 60, count)
    order = np.argsort(t, kind="stable")
    service_s = rng.lognormal(math.log(SERVICE_MEAN_S) - SERVICE_SIGMA**2 / 2, SERVICE_SIGMA, count)
    partners = max(1, round(count / (until - begin) * (SERVICE_MEAN_S + SUPPOSED_PICKUP_S) / load))
    homes = rng.integers(0, pickups.t.size, partners)
    x, y = pickups.x[inside][order], pickups.y[inside][order]
    return Case(t[order], x, y, service_s, pickups.x[homes], pickups.y[homes], begin)


class Kind(IntEnum):
    """Kinds of events, in the order in which simultaneous ones are handled."""

    ARRIVED = 0  # a request
    FREED = 1  # a partner
    LEFT = 2  # a request out of patience
    LOOK = 3  # nothing: time has passed
    ADVISE = 4  # it is time for advice


@dataclass
class World:
    """The present as a dispatcher sees it, except `ends`, which stands in for a signal that partners might give."""

    case: Case
    x: Floats  # (p,) where each partner is, or is sent to
    y: Floats
    to_x: Floats  # (p,) where each free partner is going by advice; the same place if they stay
    to_y: Floats
    begins: Floats  # (p,) when their session begins (the arrival), NaN while free
    ends: Floats  # (p,) when it will end
    now: float = 0.0
    waiting: list[int] = field(default_factory=list)  # oldest first
    free: set[int] = field(default_factory=set)
    arrived: int = 0  # requests so far
    near_m: Floats = field(default_factory=lambda: np.empty(0))  # (r,) to the nearest three partners, busy or free
    advised_m: float = 0.0  # straight-line metres that partners have gone by advice

    def go_on(self, now: float) -> None:
        """Set the time, and bring partners who follow advice to where they are by then."""
        dx, dy = self.to_x - self.x, self.to_y - self.y
        left_m = np.hypot(dx, dy)
        step_m = np.minimum(left_m, (now - self.now) / S_PER_M)
        share = step_m / np.maximum(left_m, 1e-9)
        self.x += share * dx
        self.y += share * dy
        self.advised_m += float(step_m.sum())
        self.now = now

    def recent(self, seconds: float) -> int:
        """The number of requests that arrived in the last `seconds`."""
        return self.arrived - int(np.searchsorted(self.case.t[: self.arrived], self.now - seconds))

    def nearest_three_m(self, request: int) -> float:
        """The mean distance from a request to its nearest three partners: where each is, or is sent to."""
        metres = np.hypot(self.x - self.case.x[request], self.y - self.case.y[request])
        return float(np.partition(metres, min(2, metres.size - 1))[:3].mean())

    def distances_m(self, requests: list[int], partners: NDArray[np.int64]) -> Floats:
        """Straight-line distances of shape (requests, partners)."""
        dx = self.x[partners][None, :] - self.case.x[requests][:, None]
        dy = self.y[partners][None, :] - self.case.y[requests][:, None]
        return np.asarray(np.hypot(dx, dy))


Policy = Callable[[World, Kind, int], list[Match]]  # (world, kind of event, its request or partner) → matches
Adviser = Callable[[World], None]  # sets `to_x` and `to_y` of free partners


@dataclass(frozen=True)
class Result:
    """The result of one run: waits from request to arrival in minutes, and a share (`unmatched`) from 0 to 1."""

    mean_wait: float
    p95_wait: float
    unmatched: float
    generalised: float
    way_km: float = 0.0  # gone by advice, through streets, per partner and hour
    wait_s: Floats = field(default_factory=lambda: np.empty(0), repr=False, compare=False)  # (r,) NaN if unmatched
    near_m: Floats = field(default_factory=lambda: np.empty(0), repr=False, compare=False)  # (r,) as in `World`

    @classmethod
    def of(cls, wait_s: Floats, way_km: float = 0.0) -> "Result":
        """Summarize each request's wait in seconds, NaN if unmatched."""
        missing = np.isnan(wait_s)
        met = wait_s[~missing] / 60 if not missing.all() else np.array([math.nan])
        general = np.where(missing, UNMATCHED_S, wait_s).mean() / 60
        return cls(
            float(met.mean()), float(np.percentile(met, 95)), float(missing.mean()), float(general), way_km, wait_s
        )


def replay(case: Case, policy: Policy, adviser: Adviser | None = None) -> Result:
    """Run every request of the case through a policy, with advice to free partners or without."""
    world = World(
        case,
        x=case.start_x.astype(np.float64),
        y=case.start_y.astype(np.float64),
        to_x=case.start_x.astype(np.float64),
        to_y=case.start_y.astype(np.float64),
        begins=np.full(case.start_x.size, math.nan),
        ends=np.full(case.start_x.size, math.nan),
        free=set(range(case.start_x.size)),
        near_m=np.full(case.t.size, math.nan),
    )
    wait_s = np.full(case.t.size, math.nan)
    events = [(float(t), Kind.ARRIVED, request) for request, t in enumerate(case.t)]
    if adviser is not None:
        events = sorted(events + [(float(t), Kind.ADVISE, 0) for t in np.arange(0, case.t[-1], ADVICE_S)])
    looking = False
    while events:
        now, kind, who = heapq.heappop(events)
        world.go_on(now)
        looking = looking and kind is not Kind.LOOK
        if kind is Kind.LEFT and who not in world.waiting:
            continue
        if kind is Kind.ADVISE and adviser is not None:
            adviser(world)
            continue
        _happen(world, kind, who)
        if kind is Kind.ARRIVED:
            heapq.heappush(events, (world.now + PATIENCE_S, Kind.LEFT, who))
        if kind is Kind.LEFT or not world.waiting or not world.free:
            continue
        for request, partner in policy(world, kind, who):
            wait_s[request] = _send(world, request, partner)
            heapq.heappush(events, (float(world.ends[partner]), Kind.FREED, partner))
        if world.waiting and world.free and not looking:
            looking = True
            heapq.heappush(events, (world.now + LOOK_S, Kind.LOOK, 0))
    partner_hours = case.start_x.size * max(case.t[-1], ADVICE_S) / 3600
    way_km = float(world.advised_m * STREET_FACTOR / 1000 / partner_hours)
    return replace(Result.of(wait_s, way_km), near_m=world.near_m)


def _happen(world: World, kind: Kind, who: int) -> None:
    if kind is Kind.ARRIVED:
        world.waiting.append(who)
        world.arrived += 1
        world.near_m[who] = world.nearest_three_m(who)
    elif kind is Kind.LEFT:
        world.waiting.remove(who)
    elif kind is Kind.FREED:
        world.free.add(who)
        world.begins[who] = world.ends[who] = math.nan


def _send(world: World, request: int, partner: int) -> float:
    """Send a partner to a request. Returns the request's wait in seconds."""
    case = world.case
    metres = math.hypot(world.x[partner] - case.x[request], world.y[partner] - case.y[request])
    world.waiting.remove(request)
    world.free.remove(partner)
    world.x[partner] = world.to_x[partner] = case.x[request]
    world.y[partner] = world.to_y[partner] = case.y[request]
    world.begins[partner] = world.now + metres * S_PER_M
    world.ends[partner] = world.begins[partner] + case.service_s[request]
    return float(world.begins[partner] - case.t[request])
