"""The time that the reason of a close frame names."""

from random import Random

import pytest

from core.come_again import LONGEST_S, asked_wait_s, reason


class Draws(Random):
    """Draws the same number each time."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self.drawn = drawn

    def random(self) -> float:
        return self.drawn


@pytest.mark.parametrize(("after_s", "text"), [(0.0, "1"), (0.2, "1"), (4.0, "4"), (4.1, "5")])
def test_it_is_named_in_whole_seconds(after_s: float, text: str) -> None:
    assert reason(after_s) == f"Retry-After: {text}"


@pytest.mark.parametrize(("drawn", "wait_s"), [(0.0, 10.0), (0.5, 11.0)])
def test_a_client_waits_for_it_with_some_jitter(drawn: float, wait_s: float) -> None:
    assert asked_wait_s(reason(10), Draws(drawn)) == wait_s


@pytest.mark.parametrize("text", ["", "restarting", "Retry-After: -1", "Retry-After: 1.5", "Retry-After: 1000000"])
def test_anything_else_is_no_time(text: str) -> None:
    assert asked_wait_s(text, Draws(0.0)) is None


def test_it_is_never_hours() -> None:
    assert asked_wait_s("Retry-After: 99999", Draws(0.0)) == LONGEST_S
