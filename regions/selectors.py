"""Reads of regions and of the prices that requests are made under.

Each process caches regions briefly, since they change rarely and every request reads them. Terms never change.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.errors import Conflict
from core.log_context import note
from core.recent import Recent
from regions.geometry import polygon_contains
from regions.models import PRICES, Region, Terms

_by_prices: dict[tuple[object, ...], Terms] = {}
_by_id: dict[UUID, Terms] = {}


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


def served_region(lat: float, lng: float, *, prices_shown: str = "") -> Region:
    """Return the active region that contains a position.

    Raises: `Conflict`: `region_not_served`; `prices_changed`, if a client has shown other prices, by their digest, than
        the region's present ones.
    """
    region = region_at(lat, lng)
    if region is None:
        raise Conflict("region_not_served", "We do not serve this place yet.", "location")
    if prices_shown and prices_shown != region.prices_digest:
        raise Conflict("prices_changed", "The prices have changed since this page was opened. Reload it to see them.")
    return region


# ---------------------------------------------------------------- terms


def present_terms(region: Region, *, now: datetime) -> Terms:
    """Return the row of a region's present prices. The first request under new prices makes it."""
    prices = {name: getattr(region, name) for name in PRICES}
    key = (region.pk, *prices.values())
    kept = _by_prices.get(key)
    if kept is None:
        found, _ = Terms.objects.get_or_create(region=region, **prices, defaults={"created_at": now})
        # This transaction may be the one that makes the row: other requests are given it once that is committed.
        transaction.on_commit(lambda: _by_prices.update({key: found}))
        return found
    return kept


def terms_by_id(terms_id: UUID) -> Terms:
    """Return the terms of a request."""
    kept = _by_id.get(terms_id)
    if kept is None:
        kept = _by_id[terms_id] = Terms.objects.get(pk=terms_id)
    return kept


def forget_terms() -> None:
    """Read them again, as a test with another database must."""
    _by_prices.clear()
    _by_id.clear()
