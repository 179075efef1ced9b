"""Keeping the live positions and the database of one mind. Called by the sweep, safe to run twice at once."""

import logging
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings

import positions
from accounts.models import Partner
from accounts.states import PartnerStatus
from core import valkey
from positions import Position
from regions.models import Region

log = logging.getLogger(__name__)

SNAPSHOT_BATCH = 500  # rows a transaction: it holds their locks
SNAPSHOT_FOR_S = 1.0  # a pass ends after so long; the next one goes on with the rest
FULL_EVERY_S = 10.0  # between two comparisons of every single partner


def snapshot_positions(region: Region) -> int:
    """Copy the positions that moved from Valkey to the database, in bulk; returns how many. Raises `Unreachable`."""
    until, changed = time.monotonic() + SNAPSHOT_FOR_S, 0
    while time.monotonic() < until:
        moved = positions.moved(region.slug, SNAPSHOT_BATCH)
        if not moved:
            break
        try:
            rows = [(pk, place.lat, place.lng, received) for pk, (place, received) in moved.items()]
            changed += positions.write_to_database(rows)
        except BaseException:
            positions.moved_still(region.slug, moved)
            raise
    return changed


_doubted: set[str] = set()  # slugs of regions of which this process could not reach the searchable set


def doubt(region_slug: str) -> None:
    """Valkey was away, and changes may not have reached it: compare every partner the next time."""
    _doubted.add(region_slug)


def is_in_doubt(region_slug: str) -> bool:
    """Whether Valkey has lost its memory of a region, or was away when last compared. Raises `Unreachable`."""
    return region_slug in _doubted or positions.last_checked(region_slug) is None


def reconcile(region: Region, *, now: datetime) -> int:
    """Make the searchable set what the database says it is; returns the number of repairs. Raises `Unreachable`.

    Also rebuilds an emptied Valkey, and takes out who has been silent for longer than `POSITION_FRESH_S`.
    Most calls only count: every partner is compared where the counts differ, where Valkey has lost its memory or
    was away, and every `FULL_EVERY_S`.
    """
    available = Partner.objects.filter(region=region, status=PartnerStatus.AVAILABLE)
    since_full = positions.last_checked(region.slug)
    if (
        since_full is not None
        and region.slug not in _doubted
        and abs((now - since_full).total_seconds()) < FULL_EVERY_S
        and positions.available_count(region.slug) == available.count()
    ):
        return 0
    repairs = _compare_all(region, now=now)
    positions.checked(region.slug, now)
    _doubted.discard(region.slug)
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
        # Who came or went while we were reading is as it should be.
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
    # A long list is slower to look up than everybody, and longer than SQLite takes.
    if among is None or len(among) > SNAPSHOT_BATCH:
        return set(found.values_list("pk", flat=True))
    return set(found.filter(pk__in=among).values_list("pk", flat=True))


def _restore_lost(region: Region, available: set[UUID]) -> None:
    """Put the database's positions where Valkey holds none."""
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


def current_location(partner: Partner) -> Position | None:
    """Where a partner is: the live position, else the last one in the database."""
    if partner.region is not None:
        try:
            live = positions.held(partner.region.slug, [partner.pk]).get(partner.pk)
        except valkey.Unreachable:
            live = None
        if live:
            return live[0]
    if partner.lat is None or partner.lng is None:
        return None
    return Position(partner.lat, partner.lng, partner.position_at or datetime.fromtimestamp(0, UTC))
