"""How long people have waited lately, and how many were matched, by cell: pure, no database.

Figures of fewer than `LEAST_PEOPLE` different people are not told, so that they say nothing about one of them.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from insights.arrival.factors import HIGH, LEVELS
from insights.arrival.rides import Floats
from regions.geometry import middle_of_cell

LEAST_PEOPLE = 5
CELL_M = 1000.0
EVERYWHERE = ""  # the key of the whole region
CHANCE_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that is over.

    Attributes:
        person: who asked.
        cell: where (`cell_of`).
        accepted_s: seconds until somebody accepted; None if nobody did.
        arrived_s: seconds until somebody was there.
        distance_m: how far away the one who accepted was, along the straight line.
        ended_s: seconds until it was over.
        given_up: whether we gave it up; otherwise its user cancelled it, if nobody had accepted.
    """

    person: Hashable
    cell: str
    accepted_s: float | None
    arrived_s: float | None
    distance_m: float | None
    ended_s: float
    given_up: bool


def cell_of(lat: float, lng: float) -> str:
    """Return the key of the cell of a place."""
    middle_lat, middle_lng = middle_of_cell(lat, lng, side_m=CELL_M)
    return f"{middle_lat:.4f},{middle_lng:.4f}"


def figures(asked: Iterable[Asked]) -> dict[str, dict[str, Any]]:
    """Return the figures of the whole region and of each cell in which enough people have asked, by key.

    `chance` is the share of the requests that were matched. One that its user cancelled before counts as not matched
    if they had waited longer than nine of ten in the region who were accepted; otherwise it says nothing.
    `accepted_s` and `arrived_s` are quantiles at `LEVELS`, `distance_m` is a median; None if too few were matched.
    """
    every = list(asked)
    told = quantiles(every, "accepted_s")
    patient_s = told[HIGH] if told else np.inf
    by_cell: dict[str, list[Asked]] = defaultdict(list)
    for each in every:
        by_cell[each.cell].append(each)
        by_cell[EVERYWHERE].append(each)
    found = {key: _of(rows, patient_s) for key, rows in by_cell.items()}
    return {key: values for key, values in found.items() if values is not None}


def _of(rows: Sequence[Asked], patient_s: float) -> dict[str, Any] | None:
    counted = [each for each in rows if each.accepted_s is not None or each.given_up or each.ended_s > patient_s]
    if not _enough(counted):
        return None
    share = sum(each.accepted_s is not None for each in counted) / len(counted)
    distances = quantiles(rows, "distance_m")
    return {
        "chance": round(round(share / CHANCE_STEP) * CHANCE_STEP, 2),
        "accepted_s": quantiles(rows, "accepted_s"),
        "arrived_s": quantiles(rows, "arrived_s"),
        "distance_m": distances and distances[LEVELS.index(0.5)],
    }


def quantiles(rows: Sequence[Asked], column: str) -> list[float] | None:
    """Return the quantiles of a column at `LEVELS`; None if it has values of too few people."""
    known = [each for each in rows if getattr(each, column) is not None]
    if not _enough(known):
        return None
    values = np.array([getattr(each, column) for each in known], dtype=float)
    return [round(float(value), 1) for value in np.quantile(values, LEVELS)]


def _enough(rows: Iterable[Asked]) -> bool:
    return len({each.person for each in rows}) >= LEAST_PEOPLE


def added(accepted_s: Sequence[float], travel_s: Floats) -> Floats:
    """Return the quantiles at `LEVELS` of a wait and a way after it, neither of which says anything about the other."""
    sums = np.add.outer(np.asarray(accepted_s, dtype=float), travel_s).ravel()
    return np.asarray(np.quantile(sums, LEVELS), dtype=np.float64)
