"""Reads of regions. They change rarely and are asked for on every request, so each process keeps them a moment."""

from core.recent import Recent
from regions.models import Region


def _read() -> list[Region]:
    return list(Region.objects.filter(active=True).order_by("slug"))


active_regions = Recent(_read, kept_s=5.0)  # the regions that take requests
forget_regions = active_regions.forget


def region_by_slug(slug: str) -> Region | None:
    """A region, active or not."""
    kept = next((region for region in active_regions() if region.slug == slug), None)
    return kept or Region.objects.filter(slug=slug).first()


def region_at(lat: float, lng: float) -> Region | None:
    """The active region that contains a position; where boundaries overlap, the first by slug."""
    for region in active_regions():  # asked for every position: a plain loop is the quickest
        if region.contains(lat, lng):
            return region
    return None
