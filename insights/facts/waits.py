"""Waits in buckets whose bounds grow by a fixed ratio, so that the counts of hours add up, and percentiles with them.

Bucket 0 has the waits below a second; bucket n those from RATIO ** (n - 1) to below RATIO ** n seconds. A percentile is
told as the geometric middle of its bucket, which is at most a factor of sqrt(RATIO) from any wait in it: 1.98%. A table
of all waits, or a sketch such as DDSketch (https://arxiv.org/abs/1908.10693, whose buckets these are), says it as well.
"""

import math
from collections.abc import Mapping

RATIO = 1.04
LOG_RATIO = math.log(RATIO)


def bucket_of(wait_s: float) -> int:
    """Return the bucket of a wait in seconds; one below zero, by clocks that differ, counts as none."""
    return 0 if wait_s < 1 else math.floor(math.log(wait_s) / LOG_RATIO) + 1


def seconds_of(bucket: int) -> float:
    """Return the wait that a bucket stands for, in seconds."""
    return 0.5 if bucket == 0 else RATIO ** (bucket - 0.5)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the wait that a share of all waits does not exceed, in seconds, to within 2%; None if there is no wait.

    It is the one at place ceil(share × n) of the sorted waits. Below a second it is within half a second.

    Args:
        counts: the number of waits in each bucket.
        share: above 0, and at most 1; 0.9 is P90.
    """
    place = math.ceil(share * sum(counts.values()))
    for bucket in sorted(counts):
        place -= counts[bucket]
        if place <= 0 < counts[bucket]:
            return seconds_of(bucket)
    return None
