"""The back-off of requests for which no candidate was found. Pure."""

from random import Random


def retry_delay_s(attempts: int, *, base_s: float, max_s: float, random: Random) -> float:
    """Seconds until the next attempt: `base_s` doubled with each attempt up to `max_s`, with jitter.

    "Equal jitter" (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015): half fixed, half random.
    """
    ceiling = min(max_s, base_s * 2.0 ** min(max(attempts - 1, 0), 30))
    return ceiling / 2 + random.uniform(0, ceiling / 2)
