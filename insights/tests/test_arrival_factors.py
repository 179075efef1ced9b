"""Learning from rides: too few teach nothing, many teach the traffic of the day, and odd ones are left out."""

import numpy as np
import pytest

from bench.arrival import simulated
from insights.arrival.backtest import backtest, split
from insights.arrival.factors import HIGH, MEDIAN, Factors, learn, spread
from insights.arrival.rides import LeftOut, Rides, why_left_out
from regions.geometry import S_PER_M


def rides(count: int, *, slower: float, at_rush: float = 1.0) -> Rides:
    """Rides of all distances and hours that take so many times what the constants say, and more from 16 to 20 h."""
    rng = np.random.default_rng(3)
    distance_m, hour = rng.uniform(200, 5000, count), rng.uniform(0, 24, count)
    factor = slower * np.where((hour >= 16) & (hour < 20), at_rush, 1.0) * np.exp(rng.normal(0, 0.1, count))
    return Rides(distance_m, hour, np.zeros(count, dtype=bool), distance_m * S_PER_M * factor)


def median_factor(factors: Factors, *, distance_m: float = 1500, hour: float = 12.0) -> float:
    """How many times what the constants say a ride takes on a working day."""
    return float(factors.quantiles_s(distance_m, hour, weekend=False)[MEDIAN]) / (distance_m * S_PER_M)


def test_many_rides_are_believed() -> None:
    assert median_factor(learn(rides(3000, slower=1.6))) == pytest.approx(1.6, rel=0.05)


def test_a_few_rides_teach_nothing() -> None:
    with pytest.raises(ValueError, match="99 rides are too few"):
        learn(rides(99, slower=1.6))


def test_an_hour_is_told_from_the_others() -> None:
    factors = learn(rides(6000, slower=1.0, at_rush=2.0))
    assert median_factor(factors, hour=18.0) > 1.7
    assert median_factor(factors, hour=4.0) == pytest.approx(1.0, rel=0.08)


def test_an_hour_with_few_rides_has_the_factor_of_the_region() -> None:
    known = rides(3000, slower=1.5)
    factors = learn(known[(known.hour > 8) & (known.hour < 20)])
    assert median_factor(factors, hour=3.0) == pytest.approx(1.5, rel=0.08)


def test_one_wild_ride_does_not_move_the_median() -> None:
    calm = rides(400, slower=1.3)
    wild = Rides(calm.distance_m, calm.hour, calm.weekend, calm.took_s.copy())
    wild.took_s[::50] *= 50
    assert median_factor(learn(wild)) == pytest.approx(median_factor(learn(calm)), rel=0.05)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_daily_traffic_it_is_nearer_than_the_constants_and_the_p90_holds(seed: int) -> None:
    found = backtest(simulated(3000, days=56, seed=seed))
    assert found.is_better
    assert found.mae_s <= 0.85 * found.constants_mae_s
    assert 0.85 <= found.p90_covers <= 0.95


def test_it_is_judged_by_newer_rides_than_it_has_learnt_from() -> None:
    older, newer = split(Rides.of([(500.0, 1.0, False, float(second)) for second in range(1, 101)]))
    assert older.took_s.max() < newer.took_s.min()
    assert (len(older), len(newer)) == (75, 25)


def test_quantiles_rise_with_their_level_and_cover_what_is_to_come() -> None:
    quantiles = spread(np.arange(1.0, 100.0))
    assert np.all(np.diff(quantiles) > 0)
    assert quantiles[HIGH] == 90  # of 99, the next one is below it nine times out of ten
    assert learn(rides(500, slower=1.2)).spreads[:, HIGH].min() > 1


def test_it_is_stored_and_read_again() -> None:
    learnt = learn(rides(300, slower=1.4))
    again = Factors.from_json(learnt.as_json())
    assert again is not None
    assert median_factor(again) == pytest.approx(median_factor(learnt), rel=1e-3)
    assert Factors.from_json({**learnt.as_json(), "weights": [0.0]}) is None


@pytest.mark.parametrize(
    ("distance_m", "took_s", "disputed", "why"),
    [
        (1000, 300.0, False, None),
        (1000, None, False, LeftOut.NEVER_ARRIVED),
        (1000, 300.0, True, LeftOut.DISPUTED),
        (100, 60.0, False, LeftOut.TOO_NEAR),
        (1000, 0.0, False, LeftOut.TOO_FAST),
        (1000, 20.0, False, LeftOut.TOO_FAST),
        (1000, 20_000.0, False, LeftOut.TOO_LONG),
    ],
)
def test_odd_rides_are_left_out(distance_m: float, took_s: float | None, disputed: bool, why: LeftOut | None) -> None:
    assert why_left_out(distance_m, took_s, disputed=disputed) == why
