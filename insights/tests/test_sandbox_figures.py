"""The figures of a replay and their intervals, and places by the distances from which partners were seen."""

from math import nan

import numpy as np
import pytest

from insights.sandbox.figures import by_zone, differences, earned, fidelity, figures
from insights.sandbox.places import M_PER_DEGREE, distances_m, located
from insights.sandbox.world import NOBODY, End, Outcome
from insights.tests.sandbox_days import LAT, LNG, day, north
from regions.geometry import distance_m

TARIFF = {"amount": 1000, "increment_s": 300, "commission_bps": 2000}


def outcome(waits_s: list[float], partners: int = 2) -> Outcome:
    """Requests with these waits, NaN for nobody; partners in turn, ten hours online."""
    made = Outcome.blank(len(waits_s), partners)
    made.arrived_s = np.array(waits_s)
    met = ~np.isnan(made.arrived_s)
    made.end = np.where(met, End.SERVED, End.UNMATCHED)
    made.partner = np.where(met, np.arange(met.size) % partners, NOBODY)
    made.session_s = np.where(met, 600.0, nan)
    made.online_s = np.full(partners, 36_000.0)
    return made


def test_figures() -> None:
    made = day([(each, 0) for each in range(5)], [0, 0])
    found = figures(made, outcome([60, 120, 180, 240, nan]), **TARIFF)
    assert (found.requests, found.served, found.unmatched) == (5, 4, 1)
    assert (found.mean_wait_s, found.p50_wait_s) == (150, 150)
    assert found.earned_p50 == 2 * 2000 * 0.8 / 10
    assert found.gini == 0


def test_earnings_that_differ() -> None:
    made = outcome([60.0, nan, 60.0, nan])
    own = np.arange(4)
    assert list(earned(made, own, **TARIFF)) == [320, 0]
    assert figures(day([(each, 0) for each in range(4)], [0, 0]), made, **TARIFF).gini == pytest.approx(0.5)


def test_only_requests_of_the_day_count() -> None:
    made = day([(0, 0), (90_000, 0)], [0])
    assert figures(made, outcome([60.0, 600.0]), **TARIFF).requests == 1


def test_zones() -> None:
    made = day([(0, 0), (1, 10), (2, 5000)], [0])
    assert sorted(by_zone(made, outcome([60.0, nan, 30.0])).values()) == [(1, 30.0, 0.0), (2, 60.0, 0.5)]


def test_a_difference_that_is_everywhere_the_same_is_sure() -> None:
    rng = np.random.default_rng(1)
    made = day([(float(at_s), 0) for at_s in np.sort(rng.uniform(0, 86_400, 300))], [0])
    waits = rng.uniform(60, 600, 300)
    found = differences(made, outcome(list(waits + 30)), outcome(list(waits)), seed=1)
    for name in ("mean_wait_s", "p50_wait_s", "p90_wait_s"):
        assert found[name].value == pytest.approx(30)
        assert [found[name].low, found[name].high] == pytest.approx([30, 30])
    assert found["unmatched_share"].value == 0


def test_the_interval_covers_what_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of days on which a rule changes nothing, about 95% have a zero inside."""
    monkeypatch.setattr("insights.sandbox.figures.RESAMPLES", 200)
    rng, covered = np.random.default_rng(2), 0
    for seed in range(60):
        made = day([(float(at_s), 0) for at_s in np.sort(rng.uniform(0, 86_400, 200))], [0])
        one, other = rng.exponential(300, 200), rng.exponential(300, 200)
        found = differences(made, outcome(list(one)), outcome(list(other)), seed=seed)["mean_wait_s"]
        covered += found.low <= 0 <= found.high
    assert 52 <= covered <= 60


def test_how_well_a_record_is_repeated() -> None:
    made = day([(each, 0) for each in range(4)], [0, 0])
    was, again = outcome([60, 60, 60, nan]), outcome([60, 66, 60, nan])
    again.partner[1] = 0
    found = fidelity(made, was, again)
    assert found.assigned == 0.75
    assert found.wait == pytest.approx(62 / 60)


# ---------------------------------------------------------------- places


def test_distances_are_those_of_the_product() -> None:
    found = distances_m(np.array([LAT]), np.array([LNG]), np.array([40.7]), np.array([-74.0]))
    assert found[0] == pytest.approx(distance_m(LAT, LNG, 40.7, -74.0), abs=1e-6)


def seen_from(place: tuple[float, float], *others: tuple[float, float]) -> list[tuple[float, float, float]]:
    return [(*other, distance_m(*place, *other)) for other in others]


def test_three_distances_tell_the_place() -> None:
    true = north(700), LNG + 0.004
    found = located(seen_from(true, (LAT, LNG), (north(1500), LNG), (LAT, LNG + 0.02)), None)
    assert found is not None
    assert distance_m(*true, *found) < 5


def test_two_distances_and_where_they_were_last_tell_the_side() -> None:
    true = north(700), LNG + 0.01
    found = located(seen_from(true, (LAT, LNG), (north(1500), LNG)), (north(700), LNG + 0.014))
    assert found is not None
    assert distance_m(*true, *found) < 60


def test_who_is_where_they_were_last() -> None:
    last = north(300), LNG
    assert located([], last) == last
    assert located(seen_from(last, (LAT, LNG)), last) == last
    assert located([], None) is None


def test_one_distance_is_kept() -> None:
    found = located([(LAT, LNG, 900.0)], None)
    assert found is not None
    assert distance_m(LAT, LNG, *found) == pytest.approx(900, abs=20)


def test_a_degree_has_so_many_metres() -> None:
    assert distance_m(LAT, LNG, LAT + 1, LNG) == pytest.approx(M_PER_DEGREE, rel=1e-6)
