"""Percentiles, and finding missing events."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.figures import Numbering, percentile, spread_of

samples = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_nearest_rank(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


@given(samples, st.floats(0, 1))
def test_a_percentile_is_a_sample_and_enough_are_not_above(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


@given(samples)
def test_figures_are_in_order(values: list[float]) -> None:
    figures = spread_of(values)
    assert figures.count == len(values)
    assert figures.p50 <= figures.p95 <= figures.p99 <= figures.max == max(values)
    assert min(values) - 1e-6 <= figures.mean <= max(values) + 1e-6


def test_no_samples_no_figures() -> None:
    assert spread_of([]).count == 0
    assert math.isnan(spread_of([]).mean)
    assert math.isnan(spread_of([]).p99)


def test_the_first_hello_sets_the_beginning() -> None:
    numbering = Numbering()
    numbering.hello(17, resumed=False)
    assert numbering.event(18)
    assert (numbering.last, numbering.missing, numbering.repeated) == (18, 0, 0)


def test_a_skipped_number_is_missing_and_a_repeated_one_is_told() -> None:
    numbering = Numbering()
    numbering.hello(0, resumed=False)
    assert numbering.event(1)
    assert numbering.event(4)
    assert not numbering.event(4)
    assert (numbering.missing, numbering.repeated) == (2, 1)


def test_resuming_lets_the_missed_events_follow() -> None:
    numbering = Numbering()
    numbering.hello(3, resumed=False)
    numbering.hello(5, resumed=True)
    assert numbering.event(4)
    assert numbering.event(5)
    assert numbering.missing == 0


def test_not_resuming_loses_what_was_in_between() -> None:
    numbering = Numbering()
    numbering.hello(3, resumed=False)
    numbering.hello(5, resumed=False)
    assert numbering.event(6)
    assert numbering.missing == 2


def test_a_server_that_starts_from_nothing_is_no_gap() -> None:
    numbering = Numbering()
    numbering.hello(30, resumed=False)
    numbering.hello(2, resumed=False)
    assert numbering.event(3)
    assert numbering.missing == 0


@given(st.lists(st.booleans(), max_size=100))
def test_every_event_is_accounted_for(delivered: list[bool]) -> None:
    numbering = Numbering()
    numbering.hello(0, resumed=False)
    for seq, arrives in enumerate(delivered, 1):
        if arrives:
            numbering.event(seq)
    seen_to = numbering.last or 0
    assert numbering.missing == delivered[:seen_to].count(False)
