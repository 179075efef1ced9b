"""Chance in a replay: draws from the seed and what they are about.

The same seed gives a request the same session and a pair the same answer under any rules, so that two replays differ
by their rules only (common random numbers; A. Law, "Simulation Modeling and Analysis", 5th ed., section 11.2).
"""

from random import Random

MASK = (1 << 64) - 1


def share(seed: int, *about: int) -> float:
    """Return a number from 0 to 1, evenly distributed over what it is `about`.

    SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
    """
    return _mixed(seed, *about) / (MASK + 1)


def place_of(count: int, seed: int, *about: int) -> int:
    """Return one of the numbers from 0 to `count` - 1, each as likely."""
    return _mixed(seed, *about) * count >> 64


def random_of(seed: int, *about: int) -> Random:
    """Return a generator for what it is `about`."""
    return Random(_mixed(seed, *about))  # noqa: S311  # nothing here is a secret


def _mixed(*parts: int) -> int:
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
        state ^= state >> 31
    return state
