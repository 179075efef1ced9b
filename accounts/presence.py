"""Keeping the live positions and the database of one mind. Called by the sweep, safe to run twice at once."""

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings

from accounts import positions
from accounts.models import Partner
from accounts.positions import Position
from accounts.states import PartnerStatus
from regions.models import Region
from speedycheers import valkey

log = logging.getLogger(__name__)

SNAPSHOT_BATCH = 500


def snapshot_positions(region: Region) -> int:
    """Copy the positions that moved from Valkey to the database, in bulk; returns how many. Raises `Unreachable`."""
    held = positions.all_held(region.slug)
    changed = []
    rows = Partner.objects.filter(region=region).only("id", "lat", "lng", "position_at")
    for partner in rows:
        found = held.get(partner.pk)
        if found and (partner.position_at is None or found[1] > partner.position_at + timedelta(milliseconds=1)):
            partner.lat, partner.lng, partner.position_at = found[0].lat, found[0].lng, found[1]
            changed.append(partner)
    Partner.objects.bulk_update(changed, ["lat", "lng", "position_at"], batch_size=SNAPSHOT_BATCH)
    return len(changed)


def reconcile(region: Region, *, now: datetime) -> int:
    """Make the searchable set what the database says it is; returns the number of repairs. Raises `Unreachable`.

    Also rebuilds an emptied Valkey, and takes out who has been silent for longer than `POSITION_FRESH_S`.
    """
    available = {p.pk: p for p in Partner.objects.filter(region=region, status=PartnerStatus.AVAILABLE)}
    members, placed = positions.searchable(region.slug)
    held = positions.all_held(region.slug)
    lost = {
        pk: (Position(p.lat, p.lng, p.position_at), p.position_at)
        for pk, p in available.items()
        if pk not in held and p.lat is not None and p.lng is not None and p.position_at is not None
    }
    positions.restore(region.slug, lost)
    held.update(lost)
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    fresh = {pk for pk, (_, received) in held.items() if received >= oldest}
    missing = [pk for pk in available if pk not in members or (pk in fresh and pk not in placed)]
    extra = [pk for pk in members | placed if pk not in available]
    silent = [pk for pk in placed if pk in available and pk not in fresh]
    positions.enter(region.slug, [pk for pk in missing if pk in fresh or pk not in members])
    positions.leave(region.slug, extra)
    positions.hide(region.slug, silent + [pk for pk in missing if pk not in fresh])
    repairs = len(missing) + len(extra)
    if repairs:
        log.info("presence in %s: %d entered, %d left, %d silent", region.slug, len(missing), len(extra), len(silent))
    return repairs


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
