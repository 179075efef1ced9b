"""The contenders of `bench.policy`: simple dispatch policies, the project's own, and a bound that knows the future."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr

from bench.replay import (
    PATIENCE_S,
    SERVICE_MEAN_S,
    SERVICE_SIGMA,
    UNMATCHED_S,
    Case,
    Floats,
    Kind,
    Match,
    Policy,
    Result,
    World,
)
from regions.geometry import S_PER_M
from requests_app.matching import demand, policy
from requests_app.matching.assignment import cheapest
from requests_app.matching.policy import RULES, Pairs, Rules

CANDIDATES = 20  # partners considered for each request
LEAST_S = 60.0  # demand is not told of a shorter time
SIGNAL_S = 120.0  # how early a partner could say that they are about to finish


def _free(world: World) -> NDArray[np.int64]:
    return np.array(sorted(world.free), np.int64)


def fifo_nearest(world: World, kind: Kind, who: int) -> list[Match]:
    """The oldest waiting request gets the nearest free partner, then the next oldest."""
    free = _free(world)
    matches: list[Match] = []
    for request in world.waiting[: free.size]:
        nearest = int(world.distances_m([request], free)[0].argmin())
        matches.append((request, int(free[nearest])))
        free = np.delete(free, nearest)
    return matches


def nearest_waiting(world: World, kind: Kind, who: int) -> list[Match]:
    """A new request takes the nearest free partner; a freed partner takes the nearest waiting request."""
    if kind is Kind.FREED:
        nearest = world.distances_m(world.waiting, np.array([who]))[:, 0].argmin()
        return [(world.waiting[int(nearest)], who)]
    free = _free(world)
    return [(who, int(free[world.distances_m([who], free)[0].argmin()]))] if kind is Kind.ARRIVED else []


def expected_remaining_s(elapsed_s: Floats) -> Floats:
    """Expected remaining seconds of a running session: E[S − e | S > e] for the lognormal service time."""
    mu = np.log(SERVICE_MEAN_S) - SERVICE_SIGMA**2 / 2
    z = (np.log(np.maximum(elapsed_s, 1e-9)) - mu) / SERVICE_SIGMA
    return np.asarray(SERVICE_MEAN_S * ndtr(SERVICE_SIGMA - z) / np.maximum(ndtr(-z), 1e-12) - np.maximum(elapsed_s, 0))


def _nobody(world: World) -> tuple[NDArray[np.int64], Floats]:
    return np.empty(0, np.int64), np.empty(0)


def _expected(world: World) -> tuple[NDArray[np.int64], Floats]:
    """All partners in a session or on the way, with the expected seconds until they are free."""
    busy = np.flatnonzero(~np.isnan(world.begins))
    elapsed_s = world.now - world.begins[busy]
    return busy, np.where(elapsed_s < 0, SERVICE_MEAN_S - elapsed_s, expected_remaining_s(elapsed_s))


def _signalled(world: World) -> tuple[NDArray[np.int64], Floats]:
    """Partners who will be free within two minutes, as if each signalled it; no dispatcher knows this today."""
    soon = np.flatnonzero(world.ends - world.now < SIGNAL_S)
    return soon, world.ends[soon] - world.now


FINISHING = {"": _nobody, "expected": _expected, "signalled": _signalled}


def ours(rules: Rules = RULES, *, finishing: str = "", remote: float = 0.0) -> Policy:
    """Our own policy over each waiting request's nearest 20 partners.

    Args:
        finishing: adds partners about to finish, a key of `FINISHING`.
        remote: the cap of a request is at least the way from its nearest three partners, busy or free, times this.
    """

    def match(world: World, kind: Kind, who: int) -> list[Match]:
        free = _free(world)
        busy, free_in_s = FINISHING[finishing](world)
        partners = np.concatenate([free, busy])
        after_s = np.concatenate([np.zeros(free.size), free_in_s])
        distance_m = world.distances_m(world.waiting, partners)
        row, column = _nearest(after_s + distance_m * S_PER_M)
        waiting = np.array(world.waiting)
        waited_s = world.now - world.case.t[waiting]
        at_work = world.x.size - free.size
        shortage = policy.shortage_size(recent=world.recent(policy.RECENT_S), free=free.size, busy=at_work)
        around = _demand(world, free) if shortage and rules.cap_local else np.zeros(free.size)
        around = np.concatenate([around, np.zeros(busy.size)])
        pairs = Pairs(waiting[row], partners[column], distance_m[row, column], waited_s[row], around[column])
        if shortage and busy.size:
            chosen = decide_with_finishing(pairs, after_s[column], shortage=shortage, rules=rules)
        else:
            now = np.flatnonzero(after_s[column] <= 0)
            if shortage and remote:
                capped_s = policy.cap_s(pairs.waited_s[now], around[column][now], shortage=shortage, rules=rules)
                reach_s = np.maximum(capped_s, remote * world.near_m[pairs.request[now]] * S_PER_M)
                now = now[pairs.distance_m[now] * S_PER_M <= reach_s]
            held = Pairs(
                pairs.request[now], pairs.partner[now], pairs.distance_m[now], pairs.waited_s[now], around[column][now]
            )
            chosen = now[policy.decide(held, shortage=0 if remote else shortage, rules=rules)]
        return [(int(pairs.request[entry]), int(pairs.partner[entry])) for entry in chosen]

    return match


def _demand(world: World, partners: NDArray[np.int64]) -> Floats:
    """Return the demand around partners, by the requests of the last half hour or since the window began."""
    since = int(np.searchsorted(world.case.t[: world.arrived], world.now - demand.RECENT_S))
    asked = slice(since, world.arrived)
    seconds = min(demand.RECENT_S, max(world.now, LEAST_S))
    return demand.around(
        world.x[partners], world.y[partners], world.case.x[asked], world.case.y[asked], seconds=seconds
    )


def decide_with_finishing(pairs: Pairs, free_in_s: Floats, *, shortage: int, rules: Rules = RULES) -> NDArray[np.intp]:
    """`policy.decide` in a shortage, with partners who are expected to be free in `free_in_s` seconds (0: now).

    A partner not yet free competes only if waiting for them beats the request's nearest free partner. A request whose
    best partner is not yet free is left out, and decided again when something changes.
    """
    travel_s = pairs.distance_m * S_PER_M
    free = free_in_s <= 0
    nearest_s = np.full(int(pairs.request.max()) + 1, np.inf)
    np.minimum.at(nearest_s, pairs.request[free], travel_s[free])
    several = bool((pairs.request != pairs.request[0]).any())
    caps_s = policy.cap_s(pairs.waited_s, pairs.demand, shortage=shortage, rules=rules)
    capped = (several or rules.cap_lone) & (travel_s > caps_s)
    entries = np.flatnonzero(np.where(free, ~capped, free_in_s + travel_s < nearest_s[pairs.request]))
    cost = (free_in_s + travel_s - rules.age_credit * pairs.waited_s)[entries]
    chosen = entries[cheapest(pairs.request[entries], pairs.partner[entries], cost)]
    return chosen[free[chosen]]


def _nearest(cost: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the 20 cheapest entries of each row."""
    rows, columns = cost.shape
    if columns <= CANDIDATES:
        return np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)
    picked = np.argpartition(cost, CANDIDATES, axis=1)[:, :CANDIDATES]
    return np.repeat(np.arange(rows), CANDIDATES), picked.ravel()


def bound(case: Case) -> Result:
    """A lower bound of the generalised wait of any policy, even of one that knows every arrival and every session.

    Each request is served by an unused partner, by the partner of another request, or not at all. This is a
    minimum-cost assignment of predecessors to requests; an unmatched request is its own predecessor and costs 15
    minutes. The bound is optimistic: a partner counts as free at their last request's arrival + its session, as if no
    request had waited. No partner sets out before the request. The mean and p95 waits are of the same assignment.
    """
    count, partners = case.t.size, case.start_x.size
    ready = np.concatenate([np.zeros(partners), case.t + case.service_s])[:, None]
    x, y = np.concatenate([case.start_x, case.x])[:, None], np.concatenate([case.start_y, case.y])[:, None]
    idle_until = np.maximum(ready - case.t, 0)
    wait_s = idle_until + np.hypot(x - case.x, y - case.y) * S_PER_M
    own = np.arange(count)
    # A wait that costs more than an unmatched request is never better; equal costs keep the solver fast.
    cost = np.where((idle_until > PATIENCE_S) | (wait_s >= UNMATCHED_S), 100 * UNMATCHED_S, wait_s)
    cost[partners + own, own] = UNMATCHED_S
    row, column = linear_sum_assignment(cost)
    best = cost[row, column]
    return Result.of(np.where(best >= UNMATCHED_S, np.nan, best))


REMOTE: dict[str, Policy] = {f"ours, remote {dial}": ours(remote=dial) for dial in (1.0, 2.0)}
_BEFORE = replace(RULES, cap_local=0.0, cap_widens=1.0)
_BARE = replace(_BEFORE, cap_s=np.inf, age_credit=0.0, cap_lone=False)
ABLATION: dict[str, Policy] = {
    "assignment only": ours(_BARE),
    "+ cap, never for one alone": ours(replace(_BARE, cap_s=RULES.cap_s)),
    "+ cap in a shortage for all": ours(replace(_BEFORE, age_credit=0.0)),
    "+ age credit": ours(_BEFORE),
    "+ three quarters of the widening": ours(replace(RULES, cap_local=0.0)),
    "+ cap by the demand around each partner (ours)": ours(),
    "ours, cap not by demand or shortage": ours(replace(RULES, cap_local=0.0, cap_shortage=np.inf)),
    "ours, cap not widening": ours(replace(RULES, cap_widens=0.0)),
    "ours + about to finish, expected": ours(finishing="expected"),
    "ours + about to finish, signalled": ours(finishing="signalled"),
}
