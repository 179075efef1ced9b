"""Real pickups as demand, read from a file and spread within their minutes. All is pure except `read_pickups`."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TextIO, cast

from simulator.movement import Place

MINUTE_S = 60.0


class Unreadable(ValueError):
    """The file has the wrong format; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Pickup:
    """A pickup at `place`, in the minute that begins at `minute` (local time)."""

    minute: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Demand:
    """A request at `place`, due `at_s` simulated seconds after the start of the period."""

    at_s: float
    place: Place


def read_pickups(path: Path, start: datetime, end: datetime) -> list[Pickup]:
    """Read the pickups of `start` ≤ t < `end` from a CSV file (.gz: gzipped) with the columns t, lat and lng.

    Raises `Unreadable`, `OSError`.
    """
    with cast("TextIO", gzip.open(path, "rt") if path.suffix == ".gz" else path.open(newline="")) as file:
        rows = csv.DictReader(file)
        if not {"t", "lat", "lng"} <= set(rows.fieldnames or ()):
            raise Unreadable(f"{path.name} has no columns t, lat and lng.")
        return select(rows, start, end)


def select(rows: Iterable[dict[str, str]], start: datetime, end: datetime) -> list[Pickup]:
    """Parse the rows of a period. Raises `Unreadable`, naming the line."""
    first, last = start.isoformat(timespec="minutes"), end.isoformat(timespec="minutes")
    found = []
    for line, row in enumerate(rows, 2):
        try:
            if first <= row["t"] < last:  # ISO times sort as text, so other rows need no parsing
                place = Place(float(row["lat"]), float(row["lng"]))
                found.append(Pickup(datetime.fromisoformat(row["t"]), place))
        except (TypeError, ValueError):
            raise Unreadable(f"Line {line} is not a time and a position.") from None
    return found


def spread(pickups: Sequence[Pickup], start: datetime, *, seed: int) -> list[Demand]:
    """Move each pickup to a random moment of its minute and sort by time; the same seed gives the same result."""
    rng = Random(f"spread {seed}")
    demands = [
        Demand((pickup.minute - start) / timedelta(seconds=1) + rng.random() * MINUTE_S, pickup.place)
        for pickup in pickups
    ]
    return sorted(demands, key=lambda demand: demand.at_s)


def starting_places(pickups: Sequence[Pickup], count: int, *, seed: int) -> list[Place]:
    """Draw the starting places of `count` partners from the pickups, repeating a pickup only if there are too few."""
    if not pickups:
        return []
    rng = Random(f"starts {seed}")
    places: list[Place] = []
    while len(places) < count:
        places += [pickup.place for pickup in rng.sample(pickups, min(len(pickups), count - len(places)))]
    return places
