"""The cells and slots in which demand is forecast."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Cells of one resolution and slots of one length."""

    resolution: int
    minutes: int


GRIDS = (Grid(7, 60), Grid(8, 30))
