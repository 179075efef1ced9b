"""Reads of regions. Regions change rarely and are asked for on every request, so each process keeps them a moment."""

import time
from dataclasses import dataclass, field

from regions.models import Region

CACHED_FOR_S = 5.0


@dataclass
class _Cache:
    regions: list[Region] = field(default_factory=list)
    read_at: float = float("-inf")  # monotonic seconds


_cache = _Cache()


def active_regions() -> list[Region]:
    """The regions that take requests, as of at most `CACHED_FOR_S` ago."""
    now = time.monotonic()
    if now - _cache.read_at > CACHED_FOR_S:
        _cache.regions, _cache.read_at = list(Region.objects.filter(active=True).order_by("slug")), now
    return _cache.regions


def forget_regions() -> None:
    """Read afresh next time."""
    _cache.read_at = float("-inf")


def region_at(lat: float, lng: float) -> Region | None:
    """The active region that contains a position; where boundaries overlap, the first by slug."""
    for region in active_regions():  # asked for every position: a plain loop is the quickest
        if region.contains(lat, lng):
            return region
    return None
