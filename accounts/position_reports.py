"""Receive partners' position reports."""

from datetime import datetime
from uuid import UUID

import positions
from accounts.models import Partner
from accounts.position_rows import save_reports
from accounts.states import PartnerStatus
from core import valkey
from positions import Position, Report, Reports
from regions.selectors import region_at

reports = Reports(save=save_reports)


def report_position(partner: Partner, position: Position, *, now: datetime) -> None:
    """Store a partner's position, put them on the map if available, and forward it to the user they serve.

    A position not newer than the stored one is dropped. One recorded in the future counts as recorded now, since
    device clocks can be wrong. If Valkey does not answer, the position goes to the database. Call it outside a
    transaction.
    """
    if position.recorded_at > now:
        position = Position(position.lat, position.lng, now)
    region = region_at(position.lat, position.lng)
    if region is not None and region.id != partner.region_id:
        if _newer_is_held(partner, position):
            return
        _enter_region(partner, region.pk)
    report, home = Report(partner.id, position, now), partner.region
    if home is None:
        save_reports([report])
        return
    try:
        recorded = reports.take(home.slug, report)
    except valkey.Unreachable:
        save_reports([report])
        return
    if partner.position_at is None and (recorded is None or recorded.applied):
        save_reports([report])
        partner.position_at = now


def _newer_is_held(partner: Partner, position: Position) -> bool:
    """Whether Valkey has an equally new or newer position: a delayed report must not move a partner back over a border.

    If the newer report still waits for the writer, the delayed one moves the partner until their next report.
    """
    if partner.region is None:
        return False
    try:
        held = positions.held(partner.region.slug, [partner.pk]).get(partner.pk)
    except valkey.Unreachable:
        return False
    return held is not None and held[0].recorded_at >= position.recorded_at


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
