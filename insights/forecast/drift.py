"""Whether a forecast still fits: what it missed, set against what its own spread leads to expect.

The weighted absolute percentage error alone says little: it rises where demand falls, because few requests are harder
to foresee. A forecast that is right expects its error, since it knows how far counts stray.
"""

from dataclasses import dataclass

from insights.forecast.history import Floats
from insights.forecast.spread import median_misses, quantiles

LEAST_REQUESTS = 200.0  # came or expected; of fewer the ratio strays by more than a tenth


@dataclass(frozen=True)
class Missed:
    """Requests of some cells and slots: what came, was expected, and was missed by the P50s, and what they expect."""

    came: float = 0.0
    expected: float = 0.0
    missed: float = 0.0
    to_be_missed: float = 0.0

    def __add__(self, other: "Missed") -> "Missed":
        return Missed(
            self.came + other.came,
            self.expected + other.expected,
            self.missed + other.missed,
            self.to_be_missed + other.to_be_missed,
        )

    @property
    def ratio(self) -> float | None:
        """The share that was missed, as a multiple of the share that was to be missed; None of too few requests.

        What was missed is a share of the smaller of what came and what was expected, so that demand which doubles or
        halves counts in full. A forecast that is right has about 1.
        """
        if max(self.came, self.expected) < LEAST_REQUESTS or not self.to_be_missed:
            return None
        least = max(min(self.came, self.expected), 1.0)
        return (self.missed / least) / (self.to_be_missed / self.expected)


def missed(counts: Floats, means: Floats, d: float) -> Missed:
    """Compare a forecast with counts of the same shape, given its means and the relative variance d of its rates."""
    _, middle, _ = quantiles(means, d)
    return Missed(
        float(counts.sum()),
        float(means.sum()),
        float(abs(counts - middle).sum()),
        float(median_misses(means, d).sum()),
    )
