"""When to look again: pure."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_app.matching.backoff import retry_delay_s


@pytest.mark.parametrize(
    ("attempts", "most"), [(0, 1.0), (1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 30.0), (1000, 30.0)]
)
def test_doubles_up_to_a_limit(attempts: int, most: float) -> None:
    delays = [retry_delay_s(attempts, base_s=1.0, max_s=30.0, random=Random(seed)) for seed in range(200)]
    assert most / 2 <= min(delays) < most * 0.55
    assert most * 0.95 < max(delays) <= most


@given(
    attempts=st.integers(0, 10**6),
    base_s=st.floats(0.001, 100),
    max_s=st.floats(0.001, 10_000),
    seed=st.integers(0, 2**32),
)
def test_half_fixed_and_half_random(attempts: int, base_s: float, max_s: float, seed: int) -> None:
    delay = retry_delay_s(attempts, base_s=base_s, max_s=max_s, random=Random(seed))
    most = min(max_s, base_s * 2 ** min(max(attempts - 1, 0), 30))
    assert most / 2 <= delay <= most * (1 + 1e-9)


def test_requests_that_failed_together_do_not_come_back_together() -> None:
    random = Random(7)
    assert len({retry_delay_s(4, base_s=1.0, max_s=30.0, random=random) for _ in range(100)}) == 100
