"""Bars for a chart that the server draws: positions and sizes, ready for SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 350, 132
TOP, BASE = 18, 112  # the tallest bar reaches up to TOP; all stand on BASE
BAR_SHARE = 0.62  # of a day's width
LEAST_HEIGHT = 3  # what was earned shows, however little


@dataclass(frozen=True, slots=True)
class Bar:
    """One day."""

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
    """All of them, and what they stand on. Whole numbers, which every language writes alike."""

    bars: list[Bar]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


def bar_chart(days: Sequence[tuple[date, int]]) -> BarChart:
    """Amounts by day as bars, the greatest as tall as there is room."""
    most = max((amount for _, amount in days), default=0)
    slot = WIDTH / max(1, len(days))
    bars = []
    for index, (day, amount) in enumerate(days):
        tall = round((BASE - TOP) * amount / most) if most else 0
        height = max(LEAST_HEIGHT, tall) if amount > 0 else 0
        x = round(slot * (index + (1 - BAR_SHARE) / 2))
        bars.append(Bar(day, amount, x, round(slot * BAR_SHARE), BASE - height, height))
    return BarChart(bars)
