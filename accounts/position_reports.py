"""Receive partners' position reports."""

from datetime import datetime
from uuid import UUID

import positions
from accounts.implausible import reachable, usable
from accounts.locations import stored_location
from accounts.models import Partner
from accounts.position_rows import save_reports
from accounts.states import PartnerStatus
from core import valkey
from positions import Position, Report, Reports
from regions.selectors import region_at

reports = Reports(save=save_reports)


def report_position(partner: Partner, position: Position, *, now: datetime, accuracy_m: float | None = None) -> None:
    """Store a partner's position, put them on the map if available, and forward it to the user they serve.

    A position not newer than the stored one is dropped, and so is one that tells little or can't be; the caller is not
    told. One recorded a little in the future counts as recorded now, since device clocks can be wrong. If Valkey does
    not answer, the position goes to the database. Call it outside a transaction.

    Args:
        accuracy_m: the error that the device expects, if it says so.
    """
    if not usable(position, accuracy_m=accuracy_m, now=now):
        return
    if position.recorded_at > now:
        position = Position(position.lat, position.lng, now)
    report = Report(partner.id, position, now)
    region = region_at(position.lat, position.lng)
    if region is not None and region.id != partner.region_id:
        if not _crosses(partner, report):
            return
        _enter_region(partner, region.pk)
    home = partner.region
    if home is None:
        save_reports([report])
        return
    try:
        # A partner on a ride may act on their position in the next call, which another process may get: it can't wait.
        take = reports.write if partner.status == PartnerStatus.BUSY else reports.take
        recorded = take(home.slug, report)
    except valkey.Unreachable:
        save_reports([report])
        return
    if partner.position_at is None and (recorded is None or recorded.applied):
        save_reports([report])
        partner.position_at = now


def _crosses(partner: Partner, report: Report) -> bool:
    """Whether a report from another region moves its partner there: not if it is delayed, or can't be.

    It is stored in the old region first, since only Valkey can judge it.
    """
    if partner.region is None:
        return True
    try:
        return reports.write(partner.region.slug, report).applied
    except valkey.Unreachable:
        old = stored_location(partner)
        return old is None or reachable(old, report)


def _enter_region(partner: Partner, region_id: UUID) -> None:
    """Move a partner to another region, and make them searchable there if they are available."""
    old = partner.region.slug if partner.region else None
    Partner.objects.filter(pk=partner.pk).update(region_id=region_id)
    partner.refresh_from_db()
    if partner.region is None:
        return
    if old is not None:
        positions.hand_over(old, partner.region.slug, partner.pk)
    if partner.status == PartnerStatus.AVAILABLE:
        positions.enter(partner.region.slug, [partner.pk])
