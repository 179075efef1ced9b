"""Reads of regions. Regions change rarely and are asked for on every request, so each process keeps them a moment."""

import time

from regions.models import Region

CACHED_FOR_S = 5.0
_held: tuple[float, list[Region]] | None = None


def active_regions() -> list[Region]:
    """The regions that take requests, as of at most `CACHED_FOR_S` ago."""
    global _held
    now = time.monotonic()
    if _held is None or now - _held[0] > CACHED_FOR_S:
        _held = (now, list(Region.objects.filter(active=True).order_by("slug")))
    return _held[1]


def forget_regions() -> None:
    """Read afresh next time."""
    global _held
    _held = None


def region_at(lat: float, lng: float) -> Region | None:
    """The active region that contains a position; where boundaries overlap, the first by slug."""
    return next((region for region in active_regions() if region.contains(lat, lng)), None)
