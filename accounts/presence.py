"""Reconcile live positions with the database, for the sweep. Safe to run twice at the same time."""

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

import positions
from accounts.models import Partner
from accounts.position_rows import write_positions
from accounts.states import PartnerStatus
from positions import Position
from regions.models import Region

log = logging.getLogger(__name__)

SNAPSHOT_BATCH = 500  # rows per transaction, which locks them
SNAPSHOT_FOR_S = 1.0  # a pass ends after this time; the next one continues with the rest
FULL_EVERY_S = 10.0  # seconds between two full comparisons


def snapshot_positions(region: Region) -> int:
    """Copy changed positions from Valkey to the database. Returns the number of rows changed.

    Raises:
        valkey.Unreachable
    """
    until, changed = time.monotonic() + SNAPSHOT_FOR_S, 0
    while time.monotonic() < until:
        moved = positions.moved(region.slug, SNAPSHOT_BATCH)
        if not moved:
            break
        try:
            rows = [(pk, place.lat, place.lng, received) for pk, (place, received) in moved.items()]
            changed += write_positions(rows)
        except BaseException:
            positions.moved_still(region.slug, moved)
            raise
    return changed


_suspects: set[str] = set()  # slugs of regions whose searchable set this process could not reach


def suspect(region_slug: str) -> None:
    """Mark a region for a full comparison: Valkey was unreachable and may have missed changes."""
    _suspects.add(region_slug)


def is_suspect(region_slug: str) -> bool:
    """Whether Valkey has lost a region's data, or was unreachable when last compared. Raises `valkey.Unreachable`."""
    return region_slug in _suspects or positions.last_checked(region_slug) is None


def reconcile(region: Region, *, now: datetime) -> int:
    """Make the searchable set agree with the database: rebuild it if Valkey has lost it, and hide silent partners.

    Most calls only compare counts. All partners are compared if the counts differ, if the region is suspect, and
    every `FULL_EVERY_S`. A partner is silent if their last report is older than `POSITION_FRESH_S`.

    Returns:
        The number of repairs.

    Raises:
        valkey.Unreachable
    """
    available = Partner.objects.filter(region=region, status=PartnerStatus.AVAILABLE)
    since_full = positions.last_checked(region.slug)
    if (
        since_full is not None
        and region.slug not in _suspects
        and abs((now - since_full).total_seconds()) < FULL_EVERY_S
        and positions.available_count(region.slug) == available.count()
    ):
        return 0
    repairs = _compare_all(region, now=now)
    positions.checked(region.slug, now)
    _suspects.discard(region.slug)
    return repairs


def _compare_all(region: Region, *, now: datetime) -> int:
    available = _available_ids(region)
    members, placed = positions.searchable(region.slug)
    _restore_lost(region, available)
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    fresh = positions.received_since(region.slug, available, oldest)
    missing = (available - members) | (fresh - placed)
    extra = (members | placed) - available
    if missing or extra:
        # Partners who came or went during these reads are already correct.
        still = _available_ids(region, among=missing | extra)
        missing, extra = missing & still, extra - still
    silent = (placed | missing) & available - fresh
    positions.enter(region.slug, missing)
    positions.leave(region.slug, extra)
    positions.hide(region.slug, silent)
    if missing or extra:
        log.info("presence in %s: %d entered, %d left, %d silent", region.slug, len(missing), len(extra), len(silent))
    return len(missing) + len(extra)


def _available_ids(region: Region, among: set[UUID] | None = None) -> set[UUID]:
    found = Partner.objects.filter(region=region, status=PartnerStatus.AVAILABLE)
    # A long list is slower than reading all rows, and exceeds SQLite's parameter limit.
    if among is None or len(among) > SNAPSHOT_BATCH:
        return set(found.values_list("pk", flat=True))
    return set(found.filter(pk__in=among).values_list("pk", flat=True))


def _restore_lost(region: Region, available: set[UUID]) -> None:
    """Copy positions from the database for available partners without one in Valkey."""
    lost = positions.without_position(region.slug, available)
    if not lost:
        return
    rows = Partner.objects.filter(region=region, status=PartnerStatus.AVAILABLE, position_at__isnull=False)
    if len(lost) <= SNAPSHOT_BATCH:
        rows = rows.filter(pk__in=lost)
    found = {}
    for pk, lat, lng, at in rows.values_list("pk", "lat", "lng", "position_at"):
        if pk in lost and lat is not None and lng is not None and at is not None:
            found[pk] = (Position(lat, lng, at), at)
    positions.restore(region.slug, found)
