"""Bar charts drawn by the server: positions and sizes for SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 350, 132
TOP, BASE = 18, 112  # y: the tallest bar reaches TOP, and all bars stand on BASE
BAR_SHARE = 0.62  # a bar's width, as a share of its day's
LEAST_HEIGHT = 3  # the least height of a bar, so that small amounts are visible


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one day."""

    day: date
    amount: int  # minor units
    x: int
    width: int
    y: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def label_y(self) -> int:
        return self.y - 5


@dataclass(frozen=True, slots=True)
class BarChart:
    """The bars and their base line. Coordinates are whole numbers, which every language formats alike."""

    bars: list[Bar]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


def bar_chart(days: Sequence[tuple[date, int]]) -> BarChart:
    """A chart of amounts by day, scaled so that the greatest amount fills the height."""
    most = max((amount for _, amount in days), default=0)
    slot = WIDTH / max(1, len(days))
    bars = []
    for index, (day, amount) in enumerate(days):
        tall = round((BASE - TOP) * amount / most) if most else 0
        height = max(LEAST_HEIGHT, tall) if amount > 0 else 0
        x = round(slot * (index + (1 - BAR_SHARE) / 2))
        bars.append(Bar(day, amount, x, round(slot * BAR_SHARE), BASE - height, height))
    return BarChart(bars)
