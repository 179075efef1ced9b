"""The zones of a trial on the outline of its region: positions for SVG, and the values that the page's script shows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights.sandbox.zones import ZONE_DEGREES

WIDTH_PX = 640
MARGIN = 0.02  # of the width


@dataclass(frozen=True, slots=True)
class Square:
    """A zone on the map, in pixels."""

    name: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """An outline with squares. Numbers are texts, which no language formats its own way."""

    width: str
    height: str
    outline: str  # an SVG path
    squares: list[Square]


def zone_map(boundary: Sequence[Sequence[Sequence[float]]], zones: Sequence[dict[str, Any]]) -> ZoneMap:
    """Draw zones, each with `south`, `west` and `wide` in degrees, on an outline: rings of [lng, lat]. North is up."""
    corners = [(lng, lat) for ring in boundary for lng, lat in ring]
    corners += [(zone["west"], zone["south"]) for zone in zones]
    corners += [(zone["west"] + zone["wide"], zone["south"] + ZONE_DEGREES) for zone in zones]
    west, east = (of(lng for lng, _ in corners) for of in (min, max))
    south, north = (of(lat for _, lat in corners) for of in (min, max))
    squeeze = max(0.01, math.cos(math.radians((south + north) / 2)))
    margin = WIDTH_PX * MARGIN
    scale = (WIDTH_PX - 2 * margin) / max(1e-9, (east - west) * squeeze)

    def x(lng: float) -> float:
        return margin + (lng - west) * squeeze * scale

    def y(lat: float) -> float:
        return margin + (north - lat) * scale

    return ZoneMap(
        width=str(WIDTH_PX),
        height=_text(2 * margin + (north - south) * scale),
        outline=" ".join(
            "M" + "L".join(f"{_text(x(lng))} {_text(y(lat))}" for lng, lat in ring) + "Z" for ring in boundary
        ),
        squares=[
            Square(
                name_of(zone),
                _text(x(zone["west"])),
                _text(y(zone["south"] + ZONE_DEGREES)),
                _text(zone["wide"] * squeeze * scale),
                _text(ZONE_DEGREES * scale),
            )
            for zone in zones
        ],
    )


def name_of(zone: dict[str, Any]) -> str:
    """Return the name of a zone: its south-west corner."""
    return f"{zone['south']:.3f}, {zone['west']:.3f}"


def _text(number: float) -> str:
    return f"{number:.1f}"
