"""The forecast on made-up cities whose rates are known."""

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from insights.forecast.backtest import floor, historic_mean, naive, pinball, score, seasonal_naive, walk, wape
from insights.forecast.features import FIRST_DAY, Horizon, features
from insights.forecast.history import HALF_HOURS, History, cells_of, history_of
from insights.forecast.model import LEAST_DAYS, fit, poisson_regression
from insights.forecast.profiles import Kernel, mean_by
from insights.forecast.spread import dispersion, distribution, inside, quantiles

MONDAY = date(2014, 4, 7)
CELLS = ("872a100d6ffffff", "872a100d2ffffff", "872a10720ffffff")


def rates(days: int) -> np.ndarray:
    """A rate for each cell, day and half hour: busy, middling and sparse cells; evenings and weekends stand out."""
    daily = 1 + np.sin(np.arange(HALF_HOURS) * 2 * np.pi / HALF_HOURS - 2)
    weekly = np.where(np.arange(days) % 7 >= 5, 0.5, 1.0)
    return np.array([6.0, 1.5, 0.1])[:, None, None] * weekly[None, :, None] * daily[None, None, :] / 2


def city(days: int, seed: int = 1) -> History:
    return History(CELLS, MONDAY, np.random.default_rng(seed).poisson(rates(days)).astype(float))


# ---------------------------------------------------------------- history


def test_requests_are_counted_by_cell_day_and_half_hour() -> None:
    times = np.array(["2014-04-07T00:29", "2014-04-07T00:30", "2014-04-08T23:59", "2014-04-09T00:00"], "datetime64[m]")
    cells = cells_of(np.full(4, 40.7608), np.full(4, -73.9733), 7)
    found = history_of(times, cells, last=date(2014, 4, 8))
    assert found.cells == (CELLS[0],)
    assert found.counts.shape == (1, 2, HALF_HOURS)
    assert [tuple(place) for place in np.argwhere(found.counts)] == [(0, 0, 0), (0, 0, 1), (0, 1, 47)]
    assert found.slots(60).sum() == 3
    assert found.slots(60)[0, 0, 0] == 2


def test_no_requests_are_no_history() -> None:
    with pytest.raises(ValueError, match="no requests"):
        history_of(np.array([], "datetime64[m]"), [])


def test_a_holiday_counts_as_a_sunday() -> None:
    found = History(CELLS, MONDAY, np.zeros((3, 8, HALF_HOURS)), frozenset({MONDAY + timedelta(1)}))
    assert found.kinds.tolist() == [0, 6, 2, 3, 4, 5, 6, 0]


def test_busy_cells_are_chosen_before_the_test() -> None:
    counts = np.zeros((3, 20, HALF_HOURS))
    counts[0, :, 20] = 2
    counts[1, 10:, 20] = 50
    counts[2, :, 20] = 1
    counts[:, 5] = 0
    assert History(CELLS, MONDAY, counts).busy(2, 10).cells == CELLS[:1]


# ---------------------------------------------------------------- features


@pytest.mark.parametrize(("minutes", "slot"), [(60, 9), (30, 18)])
def test_a_feature_knows_nothing_of_its_slot_or_later(minutes: int, slot: int) -> None:
    past = city(30)
    other = past.counts.copy()
    other[:, 25, 18:] += 7
    other[:, 26:] += 7
    told = History(CELLS, MONDAY, other)
    targets = np.arange(22, 27)
    for horizon, known in ((Horizon.NEXT, (slice(None), slice(0, 4))), (Horizon.DAY, (slice(None), slice(0, 4)))):
        before, after = (features(history, targets, horizon, minutes) for history in (past, told))
        assert np.array_equal(before[known[0], known[1].start : 3], after[known[0], known[1].start : 3])
        until = slot + 1 if horizon is Horizon.NEXT else 24 * 60 // minutes
        assert np.array_equal(before[:, 3, :until], after[:, 3, :until])
        assert not np.array_equal(before[:, 4], after[:, 4])


def test_what_came_just_now_is_felt_by_the_next_slot_only() -> None:
    past = city(30)
    more = past.counts.copy()
    more[:, 25, 17] += 7
    targets = np.array([25])
    told = History(CELLS, MONDAY, more)
    changed = features(past, targets, Horizon.NEXT) != features(told, targets, Horizon.NEXT)
    assert changed[:, 0, 9].any()
    assert not changed[:, 0, :9].any()
    assert np.array_equal(features(past, targets, Horizon.DAY), features(told, targets, Horizon.DAY))


def test_days_that_were_not_recorded_are_no_evidence() -> None:
    counts = rates(42)
    gap = counts.copy()
    gap[:, 28:35] = 0
    kernel = Kernel(20, 0.1, 0.05, 0.01, 0.0)
    targets = np.array([36])
    kinds = History(CELLS, MONDAY, counts).kinds
    assert mean_by(kernel, gap, kinds, targets) == pytest.approx(mean_by(kernel, counts, kinds, targets), rel=0.05)
    table = features(History(CELLS, MONDAY, gap), targets, Horizon.NEXT)
    assert np.abs(table[0, 0, :, 9:]).max() < 0.5


# ---------------------------------------------------------------- regression and spread


def test_the_regression_finds_the_coefficients() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(0, 0.5, (200_000, 3)).astype(np.float32)
    counts = rng.poisson(np.exp(0.3 + rows @ [0.9, 0.2, -0.4])).astype(float)
    found = poisson_regression(rows, counts, np.ones(len(rows)))
    assert found == pytest.approx([0.3, 0.9, 0.2, -0.4, 0, 0], abs=0.03)


def test_the_regression_stays_solvable_without_any_request() -> None:
    found = poisson_regression(np.zeros((50, 2), np.float32), np.zeros(50), np.ones(50))
    assert np.isfinite(found).all()


def test_the_dispersion_is_found() -> None:
    rng = np.random.default_rng(4)
    means = rng.uniform(0.1, 15, 200_000)
    assert dispersion(rng.poisson(means * rng.gamma(20, 1 / 20, means.size)), means) == pytest.approx(1 / 20, rel=0.1)
    assert dispersion(rng.poisson(means), means) < 0.002


@pytest.mark.parametrize("mean", [0.05, 0.3, 1.0, 4.0, 20.0])
def test_eighty_percent_lie_between_p10_and_p90_however_small_the_counts(mean: float) -> None:
    means = np.full(10_000, mean)
    counts = distribution(means, 0.03).rvs(random_state=np.random.default_rng(5)).astype(float)
    assert inside(counts, means, 0.03).mean() == pytest.approx(0.8, abs=0.015)
    low, middle, high = (q[0] for q in quantiles(means[:1], 0.03))
    assert low <= middle <= high
    assert (counts <= high).mean() >= 0.88


# ---------------------------------------------------------------- backtest


@pytest.mark.parametrize("mean", [0.2, 0.9, 3.0, 12.0])
def test_the_noise_floor_is_what_poisson_counts_miss_by(mean: float) -> None:
    counts = np.random.default_rng(6).poisson(mean, 400_000).astype(float)
    found = floor(np.full(10, mean))
    assert found.mean_wape == pytest.approx(wape(counts, np.full(counts.size, mean)), rel=0.01)
    assert found.median_wape == pytest.approx(
        wape(counts, np.full(counts.size, stats.poisson.ppf(0.5, mean))), rel=0.01
    )
    high = np.full(counts.size, stats.poisson.ppf(0.9, mean))
    assert found.pinball == pytest.approx(pinball(counts, high, 0.9), rel=0.01)


def test_the_simple_forecasts() -> None:
    counts = np.arange(15 * HALF_HOURS, dtype=float).reshape(1, 15, HALF_HOURS)
    past, day = History(CELLS[:1], MONDAY, counts), np.array([14])
    hourly = past.slots(60)
    assert naive(past, day)[0, 0].tolist() == [hourly[0, 13, 23], *hourly[0, 14, :23]]
    assert np.array_equal(seasonal_naive(past, day), hourly[:, [7]])
    assert np.array_equal(historic_mean(past, day)[:, 0], (hourly[:, 0] + hourly[:, 7]) / 2)


def test_the_pinball_loss() -> None:
    assert pinball(np.array([3.0, 1.0]), np.array([2.0, 2.0]), 0.9) == pytest.approx((0.9 + 0.1) / 2)


def test_a_walk_comes_near_the_floor_of_a_city_that_only_repeats_itself() -> None:
    past = city(70)
    days = np.arange(56, 70)
    counts, truth = past.slots(60)[:, days], rates(70).reshape(3, 70, 24, 2).sum(3)[:, days]
    for horizon in Horizon:
        found = score(counts, walk(past, days, horizon))
        assert found.mean_wape < 1.05 * floor(truth).mean_wape
        assert found.median_wape < 1.05 * floor(truth).median_wape
        assert found.median_wape < 0.85 * wape(counts, seasonal_naive(past, days))
        assert found.covers == pytest.approx(80, abs=3)
        assert found.covers_whole > 80


def test_the_next_hour_follows_a_rush_that_the_next_day_cannot_know() -> None:
    rng = np.random.default_rng(8)
    moods = rng.choice([0.5, 1.0, 2.0], (60, 4))
    moods[59] = (1.0, 1.0, 2.5, 2.5)
    past = History(CELLS, MONDAY, rng.poisson(rates(60) * np.repeat(moods, 12, 1)).astype(float))
    hour, day = (fit(past.until(59), horizon).means(past, np.array([59]))[0, 0] for horizon in Horizon)
    assert hour[14:20].sum() > 1.3 * day[14:20].sum()


def test_a_model_needs_two_weeks() -> None:
    with pytest.raises(ValueError, match="13 days of history; a model needs 14"):
        fit(city(LEAST_DAYS - 1), Horizon.DAY)
    assert np.isfinite(fit(city(LEAST_DAYS), Horizon.NEXT).means(city(LEAST_DAYS + 1), np.array([LEAST_DAYS]))).all()


def test_the_first_days_have_features_too() -> None:
    assert np.isfinite(features(city(FIRST_DAY + 1), np.array([FIRST_DAY]), Horizon.NEXT)).all()
