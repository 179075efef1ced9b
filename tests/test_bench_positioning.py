"""Advice in the replay of pickups: partners move by it, and advisers know only what they may."""

import numpy as np
import pytest

from bench.policies import ours
from bench.positioning import (
    FORESEEN_S,
    advised,
    adviser,
    coming_demand,
    followers,
    kind_of_day,
    nearest_median,
    past_demand,
)
from bench.replay import Adviser, Case, Pickups, World, make_case, replay
from regions.geometry import S_PER_M, STREET_FACTOR

DAY_S = 86_400.0


def case(requests: list[tuple[float, float]], partners: list[float]) -> Case:
    """Requests (second, metres east) and partners (metres east) along one street."""
    t, x = np.array(requests, float).T
    return Case(t, x, x * 0, np.full(t.size, 600.0), np.array(partners), np.zeros(len(partners)))


def toward(x: float) -> Adviser:
    def speak(world: World) -> None:
        world.to_x[list(world.free)] = x

    return speak


@pytest.fixture
def pickups() -> Pickups:
    """Pickups around one place on nine days from Monday, 6 January 2014, from 17:30 to 19:30."""
    t = np.concatenate([(5 + day) * DAY_S + 17.5 * 3600 + np.arange(0, 7200, 20) for day in range(9)])
    rng = np.random.default_rng(5)
    return Pickups(t, rng.normal(0, 2000, t.size), rng.normal(0, 2000, t.size))


def test_a_request_takes_a_partner_from_where_they_have_come_to() -> None:
    """The partner sets out 2,000 m away and has come 120 s nearer when the request appears."""
    known = case([(120, 0)], [2000])
    without, advised_ = replay(known, ours()), replay(known, ours(), toward(0))
    assert without.mean_wait == pytest.approx(2000 * S_PER_M / 60)
    assert advised_.mean_wait == pytest.approx(without.mean_wait - 2)
    assert advised_.way_km == pytest.approx(120 / S_PER_M * STREET_FACTOR / 1000 / (120 / 3600))


def test_nobody_goes_further_than_advised() -> None:
    result = replay(case([(600, 0)], [100]), ours(), toward(0))
    assert result.mean_wait == 0
    assert result.way_km == pytest.approx(100 * STREET_FACTOR / 1000 / (600 / 3600))


def test_a_session_ends_what_was_advised() -> None:
    """Both requests are at 0. The partner has gone for 30 s when the first appears, and stays after it."""
    heard = []

    def speak(world: World) -> None:
        heard.append(world.x[0])
        if world.now == 0:
            world.to_x[0] = 5000

    assert replay(case([(30, 0), (900, 0)], [0]), ours(), speak).mean_wait == pytest.approx(30 / 2 / 60)
    assert heard[0] == heard[-1] == 0


def test_only_followers_move(pickups: Pickups) -> None:
    known = make_case(pickups, "2014-01-14T17:30", "2014-01-14T19:30", load=0.7, seed=1)
    nobody = followers(known, 0)
    for adviser_ in (adviser, nearest_median):
        assert replay(known, ours(), adviser_(past_demand(pickups, known), nobody)) == replay(known, ours())


def test_with_more_compliance_the_same_follow_and_others_too() -> None:
    known = case([(0, 0)], [0.0] * 10)
    some, more = followers(known, 0.3), followers(known, 0.6)
    assert (some.sum(), more.sum(), followers(known, 1).sum()) == (3, 6, 10)
    assert not (some & ~more).any()


def test_kinds_of_days() -> None:
    monday = 5 * DAY_S
    assert kind_of_day(monday + np.arange(7) * DAY_S).tolist() == [0, 0, 0, 0, 0, 1, 2]


def test_the_past_ends_before_the_day(pickups: Pickups) -> None:
    """On Wednesday the 8th two weekdays are past: too few of the kind, so both are all that is known."""
    known = make_case(pickups, "2014-01-08T17:30", "2014-01-08T19:30", load=0.7, seed=1)
    assert past_demand(pickups, known)(3600).weight.sum() == 2 * 5400 // 20
    later = make_case(pickups, "2014-01-14T17:30", "2014-01-14T19:30", load=0.7, seed=1)
    assert past_demand(pickups, later)(3600).weight.sum() == 6 * 5400 // 20  # without the weekend


def test_without_a_past_there_is_no_adviser(pickups: Pickups) -> None:
    first = make_case(pickups, "2014-01-06T17:30", "2014-01-06T19:30", load=0.7, seed=1)
    with pytest.raises(SystemExit, match="earlier days"):
        past_demand(pickups, first)


def test_foresight_knows_the_coming_requests() -> None:
    known = case([(0, 1), (100, 2), (100 + FORESEEN_S, 3)], [0])
    assert coming_demand(known)(100).x.tolist() == [2]
    assert coming_demand(known)(10_000).x.size == 0


def test_advice_shortens_waits(pickups: Pickups) -> None:
    known = make_case(pickups, "2014-01-14T17:30", "2014-01-14T19:30", load=0.7, seed=1)
    results = {name: run(known) for name, run in advised(pickups, [0.6]).items()}
    without = results.pop("no advice")
    assert list(results) == ["nearest median, 60% follow", "ours, 60% follow", "foresight, 60% follow"]
    for result in results.values():
        assert result.generalised < without.generalised
        assert result.way_km > 0
    assert without.way_km == 0
