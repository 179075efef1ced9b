"""Streets as lines: where two of them cross, and where along one a house number is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from regions.search.words import Words

Point = tuple[float, float]  # lat, lng


@dataclass(frozen=True)
class Street:
    """A street. Some points of its line may have the house number that is there."""

    name: str
    names: tuple[Words, ...]  # its name, and others that people use
    line: tuple[Point, ...]
    numbers: tuple[tuple[int, float], ...]  # (house number, position along the line), in ascending order

    @property
    def middle(self) -> Point:
        return self.at((len(self.line) - 1) / 2)

    def at(self, along: float) -> Point:
        """Return the point at a position: 1.5 is halfway between the second and the third point of the line."""
        before = min(int(along), len(self.line) - 2)
        return _between(self.line[before], self.line[before + 1], along - before)

    def house(self, number: int) -> Point | None:
        """Return where a house is, as if numbers were even between those that are known. None: no such number."""
        for (low, start), (high, end) in pairwise(self.numbers):
            if low <= number <= high:
                share = (number - low) / (high - low) if high > low else 0.0
                return self.at(start + share * (end - start))
        return None

    def crossing(self, other: "Street") -> Point | None:
        """Return the first point at which two streets meet; None if they don't."""
        return next(_crossings(self.line, other.line), None)


def _between(a: Point, b: Point, share: float) -> Point:
    return round(a[0] + share * (b[0] - a[0]), 6), round(a[1] + share * (b[1] - a[1]), 6)


SLACK = 0.02  # lines that end in the middle of a street reach a little beyond it


def _crossings(line: Sequence[Point], other: Sequence[Point]) -> Iterator[Point]:
    """Yield where two lines intersect: the solution of a + s(b-a) = c + t(d-c) for each pair of segments."""
    for a, b in pairwise(line):
        for c, d in pairwise(other):
            r, q = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
            area = r[0] * q[1] - r[1] * q[0]
            if area == 0:
                continue  # parallel
            s = ((c[0] - a[0]) * q[1] - (c[1] - a[1]) * q[0]) / area
            t = ((c[0] - a[0]) * r[1] - (c[1] - a[1]) * r[0]) / area
            if -SLACK <= s <= 1 + SLACK and -SLACK <= t <= 1 + SLACK:
                yield _between(a, b, min(1.0, max(0.0, s)))
