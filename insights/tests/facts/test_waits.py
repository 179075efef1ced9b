"""Percentiles of buckets that were added up are those of all waits together, to within 2%."""

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from insights.facts.waits import bucket_of, percentile, seconds_of

waits = st.lists(st.floats(1, 100_000), min_size=1, max_size=60)


@given(waits, waits, st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_percentiles_of_sums_are_within_two_percent(one: list[float], other: list[float], share: float) -> None:
    counts = Counter(map(bucket_of, one)) + Counter(map(bucket_of, other))
    together = sorted(one + other)
    right = together[math.ceil(share * len(together)) - 1]
    found = percentile(counts, share)
    assert found is not None
    assert abs(found / right - 1) < 0.02


def test_waits_below_a_second_and_backwards_are_in_the_first_bucket() -> None:
    assert [bucket_of(wait) for wait in (-5, 0, 0.999, 1)] == [0, 0, 0, 1]
    assert seconds_of(0) == 0.5


def test_nobody_who_waited_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
