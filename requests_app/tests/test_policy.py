"""Who is offered what: pure."""

from hypothesis import given
from hypothesis import strategies as st

from requests_app.policy import AGE_CREDIT_M_PER_S, Pair, assign, eta_s

METRES = st.floats(0, 20_000)


@st.composite
def contentions(draw: st.DrawFn) -> list[Pair[int, str]]:
    """Some requests, some partners, and who of them could serve whom."""
    waited = draw(st.lists(st.floats(0, 600), min_size=1, max_size=8))
    partners = draw(st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=8, unique=True))
    pairs = [
        Pair(request, partner, draw(METRES), waited_s)
        for request, waited_s in enumerate(waited)
        for partner in partners
        if draw(st.booleans())
    ]
    return draw(st.permutations(pairs))


def cost(pair: Pair[int, str]) -> float:
    return pair.distance_m - AGE_CREDIT_M_PER_S * pair.waited_s


def test_nobody_to_choose_from() -> None:
    assert assign([]) == []


def test_one_request_gets_its_nearest_partner() -> None:
    pairs = [Pair("r", partner, metres, 5.0) for partner, metres in (("far", 900.0), ("near", 20.0), ("mid", 300.0))]
    assert [pair.partner for pair in assign(pairs)] == ["near"]


def test_the_closest_pair_goes_first_and_not_the_oldest_request() -> None:
    """Serving the older one first would send both partners across town."""
    pairs = [
        Pair("older", "P", 1500.0, 20.0),
        Pair("older", "Q", 1600.0, 20.0),
        Pair("newer", "P", 100.0, 0.0),
        Pair("newer", "Q", 3000.0, 0.0),
    ]
    assert {(pair.request, pair.partner) for pair in assign(pairs)} == {("newer", "P"), ("older", "Q")}


def test_but_age_counts_so_that_nobody_starves() -> None:
    ahead = 1000.0 / AGE_CREDIT_M_PER_S
    for waited_s, first in ((ahead - 1, "newer"), (ahead + 1, "older")):
        pairs = [Pair("older", "P", 1100.0, waited_s), Pair("newer", "P", 100.0, 0.0)]
        assert [pair.request for pair in assign(pairs)] == [first]


@given(contentions())
def test_nobody_appears_twice(pairs: list[Pair[int, str]]) -> None:
    chosen = assign(pairs)
    assert set(chosen) <= set(pairs)
    assert len({pair.request for pair in chosen}) == len({pair.partner for pair in chosen}) == len(chosen)


@given(contentions())
def test_nobody_is_left_over_who_could_be_served(pairs: list[Pair[int, str]]) -> None:
    chosen = assign(pairs)
    requests, partners = {pair.request for pair in chosen}, {pair.partner for pair in chosen}
    assert all(pair.request in requests or pair.partner in partners for pair in pairs)


@given(contentions())
def test_a_pair_gives_way_only_to_one_at_least_as_good(pairs: list[Pair[int, str]]) -> None:
    chosen = assign(pairs)
    for pair in set(pairs) - set(chosen):
        rivals = [c for c in chosen if c.request == pair.request or c.partner == pair.partner]
        assert min(cost(c) for c in rivals) <= cost(pair)


@given(contentions())
def test_closest_first(pairs: list[Pair[int, str]]) -> None:
    costs = [cost(pair) for pair in assign(pairs)]
    assert costs == sorted(costs)
    if pairs:
        assert costs[0] == min(cost(pair) for pair in pairs)


@given(contentions())
def test_equal_input_gives_equal_output(pairs: list[Pair[int, str]]) -> None:
    before = list(pairs)
    assert assign(pairs) == assign(list(pairs))
    assert pairs == before


@given(near=METRES, more=METRES)
def test_farther_takes_longer(near: float, more: float) -> None:
    assert 0 <= eta_s(near) <= eta_s(near + more)


def test_a_kilometre_takes_about_four_minutes() -> None:
    assert eta_s(1000) == 234
    assert eta_s(0) == 0
