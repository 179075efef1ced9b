"""A switchback's effect is found if there is one and not if there is none, and its intervals are honest."""

from datetime import date, timedelta
from math import isnan

import numpy as np

from insights.sandbox.effect import Slot, effects, is_much_worse
from insights.sandbox.states import Arm
from insights.sandbox.turns import arm_of

FIRST = date(2026, 5, 4)


def slots(days: int, *, shift_s: float = 0.0, worse: float = 0.0, seed: int = 1) -> list[Slot]:
    """Half hours whose waits depend on the day and the hour, and by `shift_s` on the rules."""
    rng = np.random.default_rng(seed)
    made = []
    for at in range(days):
        day, of_day = FIRST + timedelta(days=at), rng.normal(0, 60)
        for number in range(48):
            arm = arm_of(day, number, seed=seed)
            tried = arm == Arm.TRIED
            requests = int(rng.poisson(12))
            unmatched = int(rng.binomial(requests, 0.1 + worse * tried))
            served = requests - unmatched
            wait_s = 400 + of_day + 150 * np.sin(number / 24 * np.pi) + shift_s * tried
            waited_s = float(rng.normal(wait_s, 120, served).clip(10).sum()) if served else 0.0
            made.append(Slot(day, number, arm, requests, unmatched, served, waited_s))
    return made


def test_an_effect_is_found_with_its_interval() -> None:
    found = effects(slots(14, shift_s=-60.0), seed=3)
    assert (found.days, found.hours, found.by_days) == (14, 14 * 24, True)
    assert abs(found.mean_wait_s.value + 60) < 20
    assert found.mean_wait_s.low < found.mean_wait_s.value < found.mean_wait_s.high < -20
    assert found.mean_wait_s.chance < 0.01
    assert abs(found.unmatched_share.value) < 0.03


def test_intervals_and_the_test_are_right_where_there_is_no_effect() -> None:
    """As often as they say: 40 switchbacks without an effect, of which about two are outside by chance."""
    found = [effects(slots(10, seed=seed), seed=seed).mean_wait_s for seed in range(40)]
    assert sum(not each.low <= 0 <= each.high for each in found) <= 7
    assert sum(each.chance < 0.05 for each in found) <= 7


def test_an_hour_of_which_half_is_missing_does_not_count() -> None:
    made = slots(2)
    assert effects(made[1:], seed=1).hours == 47
    assert effects(made, seed=1).by_days is False


def test_nothing_is_known_of_nothing() -> None:
    found = effects([], seed=1)
    assert (found.days, found.hours) == (0, 0)
    assert isnan(found.mean_wait_s.value)
    empty = [slot._replace(requests=0, unmatched=0, served=0, waited_s=0.0) for slot in slots(1)]
    assert isnan(effects(empty, seed=1).mean_wait_s.value)


def test_what_is_much_worse_is_told_and_nothing_else() -> None:
    assert is_much_worse(slots(1, worse=0.3))
    assert not is_much_worse(slots(1))
    assert not is_much_worse(slots(1, worse=-0.1))
    assert not is_much_worse(slots(1, worse=0.5)[:4])
