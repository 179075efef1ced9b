"""Who is offered what: pure."""

from dataclasses import replace
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regions.geometry import S_PER_M
from requests_app.matching.policy import (
    RULES,
    SHORTAGE_BUSY,
    SHORTAGE_REQUESTS,
    Pair,
    assign,
    cap_matters,
    cap_s,
    eta_s,
    shortage_size,
)

METRES = st.floats(0, 20_000)
WAITED = st.floats(0, 280)
SHORTAGES = st.sampled_from([0, 5, 80, 5000])
SHORTAGE = 80  # requests: half the cap of a small shortage
CAP_M = RULES.cap_s / 2 / S_PER_M  # of a new request then

Contention = list[Pair[int, str]]


@st.composite
def contentions(draw: st.DrawFn, most: int = 8) -> Contention:
    """Some requests, some partners, and who of them could serve whom."""
    waited = draw(st.lists(WAITED, min_size=1, max_size=most))
    partners = draw(st.lists(st.sampled_from("ABCDEFGH"[:most]), min_size=1, max_size=most, unique=True))
    return [
        Pair(request, partner, draw(METRES), waited_s)
        for request, waited_s in enumerate(waited)
        for partner in partners
        if draw(st.integers(0, 3))
    ]


def names(chosen: Contention) -> set[tuple[int, str]]:
    return {(pair.request, pair.partner) for pair in chosen}


def cost(pair: Pair[int, str]) -> float:
    return pair.distance_m * S_PER_M - RULES.age_credit * pair.waited_s


def best_by_trying_all(pairs: Contention) -> tuple[int, float]:
    """The most pairs that can be chosen, and the least cost of so many."""
    table = {(pair.request, pair.partner): cost(pair) for pair in pairs}
    requests = sorted({pair.request for pair in pairs})
    partners = [*sorted({pair.partner for pair in pairs}), *[""] * len(requests)]
    tried = [
        [table[found] for found in zip(requests, order, strict=True) if found in table]
        for order in permutations(partners, len(requests))
    ]
    most, least = min((-len(costs), sum(costs)) for costs in tried)
    return -most, least


# ---------------------------------------------------------------- one request


def test_nobody_to_choose_from() -> None:
    assert assign([]) == []


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=30), WAITED)
def test_a_lone_request_gets_its_nearest_at_once(metres: list[int], waited_s: float) -> None:
    pairs = [Pair("r", partner, distance_m, waited_s) for partner, distance_m in enumerate(metres)]
    assert [pair.distance_m for pair in assign(pairs)] == [min(metres)]


@given(METRES, st.integers(0, SHORTAGE_REQUESTS - 1), st.integers(0, 5), st.integers(0, 50))
def test_a_handful_of_requests_is_no_shortage(distance_m: float, recent: int, free: int, busy: int) -> None:
    assert assign([Pair("r", "P", distance_m, 0.0)], shortage=shortage_size(recent=recent, free=free, busy=busy))


@given(METRES, st.integers(0, 500), st.integers(0, 5), st.integers(0, SHORTAGE_BUSY - 1))
def test_nor_is_it_one_for_a_handful_of_partners(distance_m: float, recent: int, free: int, busy: int) -> None:
    assert assign([Pair("r", "P", distance_m, 0.0)], shortage=shortage_size(recent=recent, free=free, busy=busy))


@pytest.mark.parametrize(("free", "busy", "shortage"), [(10, 21, 5), (10, 20, 0), (0, 10, 5), (0, 9, 0)])
def test_a_shortage_is_far_more_partners_at_work_than_free(free: int, busy: int, shortage: int) -> None:
    assert shortage_size(recent=5, free=free, busy=busy) == shortage


# ---------------------------------------------------------------- several


def test_the_least_total_and_not_the_oldest_first() -> None:
    """Serving the older one first would send both partners across town."""
    pairs = [
        Pair(1, "P", 1500.0, 20.0),
        Pair(1, "Q", 1600.0, 20.0),
        Pair(2, "P", 100.0, 0.0),
        Pair(2, "Q", 3000.0, 0.0),
    ]
    assert names(assign(pairs)) == {(1, "Q"), (2, "P")}


def test_nor_the_closest_pair_first() -> None:
    """Request 1 beside P would leave request 2 with a partner much farther away."""
    pairs = [Pair(1, "P", 100.0, 0.0), Pair(1, "Q", 200.0, 0.0), Pair(2, "P", 150.0, 0.0), Pair(2, "Q", 3000.0, 0.0)]
    assert names(assign(pairs)) == {(1, "Q"), (2, "P")}


def test_age_counts() -> None:
    ahead_s = 100 * S_PER_M / RULES.age_credit
    for waited_s, first in ((ahead_s - 1, 2), (ahead_s + 1, 1)):
        pairs = [Pair(1, "P", 1100.0, waited_s), Pair(2, "P", 1000.0, 0.0)]
        assert [pair.request for pair in assign(pairs)] == [first]


@given(contentions(), SHORTAGES)
def test_nobody_appears_twice(pairs: Contention, shortage: int) -> None:
    chosen = assign(pairs, shortage=shortage)
    assert set(chosen) <= set(pairs)
    assert len({pair.request for pair in chosen}) == len({pair.partner for pair in chosen}) == len(chosen)


@given(contentions())
def test_nobody_is_left_over_who_could_be_served(pairs: Contention) -> None:
    chosen = assign(pairs)
    requests, partners = {pair.request for pair in chosen}, {pair.partner for pair in chosen}
    assert all(pair.request in requests or pair.partner in partners for pair in pairs)


@given(contentions(most=4))
def test_nothing_better_is_to_be_found(pairs: Contention) -> None:
    chosen = assign(pairs)
    most, least = best_by_trying_all(pairs)
    assert len(chosen) == most
    assert sum(cost(pair) for pair in chosen) == pytest.approx(least, abs=1e-5)


@given(contentions(), SHORTAGES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(pairs: Contention, shortage: int, random: Random) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert assign(shuffled, shortage=shortage) == assign(pairs, shortage=shortage)


def test_a_pair_given_twice_counts_with_its_shorter_way() -> None:
    pairs = [Pair(1, "P", 900.0, 0.0), Pair(1, "P", 100.0, 0.0), Pair(2, "P", 500.0, 0.0), Pair(2, "Q", 600.0, 0.0)]
    assert [pair.distance_m for pair in assign(pairs)] == [100.0, 600.0]


# ---------------------------------------------------------------- the cap


def test_in_a_shortage_nobody_is_sent_from_beyond_the_cap() -> None:
    pairs = [Pair(1, "P", CAP_M + 1, 0.0), Pair(2, "Q", CAP_M - 1, 0.0)]
    assert names(assign(pairs, shortage=SHORTAGE)) == {(2, "Q")}
    assert names(assign(pairs)) == {(1, "P"), (2, "Q")}


def test_the_greater_the_shortage_the_narrower_the_cap() -> None:
    new = np.zeros(1)
    caps = [float(cap_s(new, shortage=shortage)[0]) for shortage in (5, 10, 80, 10_000)]
    assert caps == pytest.approx([RULES.cap_s, RULES.cap_s, RULES.cap_s / 2, RULES.cap_least_s])


def test_the_cap_widens_with_the_wait() -> None:
    waited_s = 60.0
    reach_m = CAP_M + RULES.cap_widens * waited_s / S_PER_M
    assert assign([Pair(1, "P", reach_m - 1, waited_s)], shortage=SHORTAGE)
    assert not assign([Pair(1, "P", reach_m + 1, waited_s)], shortage=SHORTAGE)


def test_the_cap_can_be_told_to_leave_a_lone_request_alone() -> None:
    spare = replace(RULES, cap_lone=False)
    assert assign([Pair(1, "P", 9_000.0, 0.0)], shortage=SHORTAGE, rules=spare)
    assert not assign([Pair(1, "P", 9_000.0, 0.0), Pair(2, "P", 9_500.0, 0.0)], shortage=SHORTAGE, rules=spare)


@given(contentions(), st.booleans())
def test_all_within_the_cap_of_a_shortage(pairs: Contention, alone: bool) -> None:
    pairs = [pair for pair in pairs if pair.request == 0] if alone else pairs
    for pair in assign(pairs, shortage=SHORTAGE):
        assert pair.distance_m * S_PER_M <= RULES.cap_s / 2 + RULES.cap_widens * pair.waited_s + 1e-6


@given(contentions())
def test_where_the_cap_does_not_matter_a_shortage_changes_nothing(pairs: Contention) -> None:
    if not cap_matters(pairs):
        assert assign(pairs, shortage=SHORTAGE) == assign(pairs)


# ---------------------------------------------------------------- travel


@given(near=METRES, more=METRES)
def test_farther_takes_longer(near: float, more: float) -> None:
    assert 0 <= eta_s(near) <= eta_s(near + more)


def test_a_kilometre_takes_about_four_minutes() -> None:
    assert eta_s(1000) == 234
    assert eta_s(0) == 0
