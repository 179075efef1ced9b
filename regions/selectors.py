"""Reads of regions. Each process caches them briefly, since they change rarely and every request reads them."""

from core.log_context import note
from core.recent import Recent
from regions.geometry import polygon_contains
from regions.models import Region


def _read() -> list[Region]:
    return list(Region.objects.filter(active=True).order_by("slug"))


active_regions = Recent(_read, kept_s=5.0)  # the regions that take requests
forget_regions = active_regions.forget


def region_by_slug(slug: str) -> Region | None:
    """Return a region, active or not."""
    kept = next((region for region in active_regions() if region.slug == slug), None)
    return kept or Region.objects.filter(slug=slug).first()


def region_at(lat: float, lng: float) -> Region | None:
    """Return the active region that contains a position; if boundaries overlap, the first by slug."""
    for region in active_regions():  # called for every position; a plain loop is fastest
        if polygon_contains(region.boundary, lat, lng):
            note(region=region.slug)
            return region
    return None
