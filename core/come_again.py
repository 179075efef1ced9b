"""The time at which a client that is turned away should come again, as the reason of a close frame with code 1013.

A browser shows its scripts no header of a refused handshake, but it does show the reason of a close frame.
"""

import math
import re
from random import Random

AFTER = re.compile(r"Retry-After: ([0-9]{1,5})", re.ASCII)
LONGEST_S = 300.0


def reason(after_s: float) -> str:
    """Return the text that asks to come again after so many seconds, rounded up."""
    return f"Retry-After: {max(1, math.ceil(after_s))}"


def asked_wait_s(text: str, rng: Random) -> float | None:
    """Return how long a client waits that was closed with this reason; None if it says nothing of that.

    The jitter keeps those apart who were given the same second.
    """
    found = AFTER.fullmatch(text)
    if found is None:
        return None
    after_s = min(LONGEST_S, float(found[1]))
    return after_s + rng.random() * (1 + after_s / 10)
