"""What partners do, and how long it takes them."""

from collections import Counter
from dataclasses import replace
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.habits import FRIENDLY, LIFELIKE, Answer, Habits, backoff_s, bounded, lognormal
from simulator.movement import Place, distance_m

HERE = Place(40.7580, -73.9855)
draws = st.integers(0, 10_000).map(Random)


def test_answers_come_in_the_shares_asked_for() -> None:
    rng, habits = Random(1), Habits(decline=0.1, ignore=0.05)
    answers = Counter(habits.answer(rng) for _ in range(10_000))
    assert answers[Answer.DECLINE] == pytest.approx(1000, abs=100)
    assert answers[Answer.IGNORE] == pytest.approx(500, abs=100)


@pytest.mark.parametrize(("decline", "ignore", "always"), [(0, 0, "accept"), (1, 0, "decline"), (0, 1, "ignore")])
def test_shares_of_nothing_and_everything(decline: float, ignore: float, always: str) -> None:
    habits, rng = Habits(decline=decline, ignore=ignore), Random(1)
    assert {habits.answer(rng) for _ in range(100)} == {Answer(always)}


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"speed": -1}, {"decline": -0.1}, {"decline": 0.6, "ignore": 0.5}])
def test_impossible_habits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"speed|shares"):
        replace(LIFELIKE, **wrong)  # type: ignore[arg-type]


@given(draws, st.floats(40.5, 40.9), st.floats(-74.2, -73.7))
def test_a_newcomer_sees_an_arrival_and_an_end_soon(rng: Random, lat: float, lng: float) -> None:
    there = Place(lat, lng)
    assert 20 <= FRIENDLY.driving(HERE, there) <= max(40, distance_m(HERE, there) / FRIENDLY.top_speed_m_per_s)
    assert 40 <= FRIENDLY.serving(rng) <= 90
    assert 1 <= FRIENDLY.thinking(rng) <= 4


@given(draws, st.floats(0.5, 100))
def test_speed_divides_every_time(rng: Random, speed: float) -> None:
    state, fast = rng.getstate(), replace(LIFELIKE, speed=speed)
    for time in ("thinking", "serving", "pausing"):
        rng.setstate(state)
        slow_s = getattr(LIFELIKE, time)(rng)
        rng.setstate(state)
        assert getattr(fast, time)(rng) == pytest.approx(slow_s / speed)
    there = Place(40.70, -74.0)
    assert fast.driving(HERE, there) == pytest.approx(LIFELIKE.driving(HERE, there) / speed)


def test_lognormal_has_its_median() -> None:
    rng = Random(1)
    assert median(lognormal(360, 0.6, rng) for _ in range(10_000)) == pytest.approx(360, rel=0.05)


@given(st.floats(-1e6, 1e6))
def test_bounded_is_within_its_bounds(value: float) -> None:
    assert 20 <= bounded(value, (20, 40)) <= 40
    assert bounded(value, None) == value


@given(st.integers(1, 10_000), draws)
def test_backing_off_never_takes_longer_than_its_limit(failures: int, rng: Random) -> None:
    assert 0 <= backoff_s(failures, base_s=0.25, max_s=10, rng=rng) <= min(10, 0.25 * 2 ** min(failures, 20))
