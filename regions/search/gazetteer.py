"""The names of a region that ship with the program: `static/map/` and the streets beside this module.

`streets/SLUG.json` lists the streets of a region: `name`, `also` (other names), and `line`, points `[lat, lng]` or
`[lat, lng, house number]`. Those of New York are drawn by hand from Manhattan's regular grid, and their numbers by the
rule that New Yorkers use; both are good to a short block.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from regions.search.streets import Point, Street
from regions.search.words import Words, words_of

STREETS = Path(__file__).parent / "streets"


@dataclass(frozen=True)
class Named:
    """A landmark or a zone."""

    name: str
    kind: str
    words: Words
    at: Point


@dataclass(frozen=True)
class Gazetteer:
    """The names of one region."""

    named: tuple[Named, ...] = ()
    streets: tuple[Street, ...] = ()


@cache
def gazetteer(slug: str) -> Gazetteer:
    """Return the names of a region; none for one of which we have only the boundary."""
    about = _map_file("places.json").get(slug, {})
    zones = _map_file(about["zones"])["features"] if about else []
    places = [_named(name, "place", lat, lng) for name, lat, lng, *_ in about.get("places", [])]
    parts = [_named(each["name"], "zone", *reversed(each["label"])) for each in (z["properties"] for z in zones)]
    found = STREETS / f"{slug}.json"
    streets = json.loads(found.read_text()) if found.is_file() else []
    return Gazetteer((*places, *parts), tuple(_street(**each) for each in streets))


def _map_file(name: str) -> dict[str, Any]:
    path = finders.find(f"map/{name}")
    content: dict[str, Any] = json.loads(Path(str(path)).read_text()) if path else {}
    return content


def _named(name: str, kind: str, lat: float, lng: float) -> Named:
    return Named(name, kind, words_of(name), (lat, lng))


def _street(name: str, line: list[list[float]], also: tuple[str, ...] = ()) -> Street:
    points = tuple((lat, lng) for lat, lng, *_ in line)
    numbers = tuple((int(point[2]), float(along)) for along, point in enumerate(line) if len(point) > 2)
    return Street(name, tuple(words_of(each) for each in (name, *also)), points, numbers)
