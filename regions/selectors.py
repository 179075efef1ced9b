"""Reads of regions, of their policies, and of the prices that requests are made under.

Each process caches regions and policies briefly, since they change rarely and every request reads them. Terms never
change.
"""

from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from core.amounts import day_and_time
from core.errors import Conflict
from core.log_context import note
from core.recent import Recent
from regions.geometry import polygon_contains
from regions.hours import is_open, opens_at
from regions.models import PRICES, Region, Terms
from regions.policies import Intake, Policy

_by_prices: dict[tuple[object, ...], Terms] = {}
_by_id: dict[UUID, Terms] = {}


def _read() -> list[Region]:
    return list(Region.objects.filter(active=True).order_by("slug"))


active_regions = Recent(_read, kept_s=5.0)  # the regions that take requests
forget_regions = active_regions.forget


def _read_policies() -> dict[UUID, Policy]:
    newer = Policy.objects.filter(region=OuterRef("region"), version__gt=OuterRef("version"))
    return {policy.region_id: policy for policy in Policy.objects.exclude(Exists(newer))}


_policies = Recent(_read_policies, kept_s=5.0)
forget_policies = _policies.forget


@cache
def _usual() -> Policy:
    return Policy(version=0)


def policy_of(region_id: UUID | None) -> Policy:
    """Return the policy in force in a region, which is version 0 if it has none of its own.

    A change reaches all processes within seconds.
    """
    return (_policies().get(region_id) if region_id else None) or _usual()


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


def offer_ttl(region_id: UUID | None) -> timedelta:
    """Return how long a partner has to answer an offer."""
    return timedelta(seconds=policy_of(region_id).offer_ttl_s or settings.OFFER_TTL_S)


def usual_patience(region_id: UUID) -> timedelta:
    """Return how long a request is matched before it becomes a dead letter."""
    return timedelta(seconds=policy_of(region_id).patience_s or settings.REQUEST_PATIENCE_S)


def usual_radii_m(region_id: UUID) -> list[int]:
    """Return the search radius of each wave, in metres, in ascending order."""
    radii: list[int] = policy_of(region_id).radii_m or settings.MATCH_RADIUS_M
    return radii


def is_advised(region: Region, now: datetime) -> bool:
    """Whether a region's free partners are told where it is likely to be busier: while it takes requests only."""
    says = policy_of(region.pk).advises
    return region.active and (settings.ADVISE_PARTNERS if says is None else says) and not why_closed(region, now)


# ---------------------------------------------------------------- intake


def require_intake(region: Region) -> None:
    """Raise `Conflict` (`region_paused`), with the message of staff, if a region takes no requests now."""
    policy = policy_of(region.pk)
    if policy.intake != Intake.OPEN:
        if policy.message:
            raise Conflict("region_paused", policy.message, "location")
        raise Conflict("region_paused", "We take no new cheers here at the moment. Try again later.", "location")


def require_opening_hours(region: Region, at: datetime) -> None:
    """Raise `Conflict` (`region_closed`) if a region is closed at a moment."""
    hours = policy_of(region.pk).opening_hours
    if not hours or is_open(hours, region.time_zone, at):
        return
    opens = opens_at(hours, region.time_zone, at)
    if opens is None:
        raise Conflict("region_closed", "We are closed here.", "location")
    raise Conflict("region_closed", "We are closed here until %(opens)s.", "location", opens=day_and_time(opens))


def open_region(lat: float, lng: float, *, at: datetime, prices_shown: str = "") -> Region:
    """Return the region that contains a position, if it takes requests now and is open at a moment.

    Raises: as `served_region`, `require_intake` and `require_opening_hours`.
    """
    region = served_region(lat, lng, prices_shown=prices_shown)
    require_intake(region)
    require_opening_hours(region, at)
    return region


def why_closed(region: Region, now: datetime) -> str:
    """Return a sentence that says why a region takes no requests now; empty if it takes them."""
    try:
        require_intake(region)
        require_opening_hours(region, now)
    except Conflict as conflict:
        return conflict.detail
    return ""


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
