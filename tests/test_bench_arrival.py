"""The benchmark of arrival times: its simulated rides, and its table."""

import numpy as np

from bench.arrival import CONTENDERS, compare, simulated


def test_simulated_rides_are_slow_at_rush_hour_and_the_same_for_the_same_seed() -> None:
    rides = simulated(4000, days=28, seed=1)
    factor, rush = rides.took_s / rides.constant_s, ~rides.weekend & (abs(rides.hour - 17.5) < 1)
    night = (rides.hour < 5) | (rides.hour > 23)
    assert np.median(factor[rush]) > 1.5 * np.median(factor[night])
    assert np.array_equal(rides.took_s, simulated(4000, days=28, seed=1).took_s)


def test_there_is_a_line_for_each_contender() -> None:
    lines = compare(160, days=14, seeds=2)
    assert [line.split("|")[1].strip() for line in lines] == list(CONTENDERS)
    assert "–" in lines[0]  # the constants know no P90
