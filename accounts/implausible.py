"""Positions that can't be: which reports are not used, and the flag about a partner who sends many."""

from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import Partner
from core import clock
from positions import Position, Report
from regions.geometry import distance_m
from risk.flags import raise_flag
from risk.states import FlagKind


def usable(position: Position, *, accuracy_m: float | None, now: datetime) -> bool:
    """Whether a report tells where a device is now: neither too inexact, nor too old, nor of a later time.

    Honest devices send such reports too, so nothing is held against the partner.
    """
    if accuracy_m is not None and accuracy_m > settings.POSITION_ACCURACY_MAX_M:
        return False
    if position.recorded_at is now:  # on the hot path
        return True
    age_s = (now - position.recorded_at).total_seconds()
    return -settings.POSITION_AHEAD_S <= age_s <= settings.POSITION_FRESH_S


def reachable(old: Position, new: Report) -> bool:
    """Whether a partner can have come from the position in the database, for reports that Valkey does not judge."""
    elapsed_s = max(0.0, (new.received_at - old.recorded_at).total_seconds())
    reach_m = settings.POSITION_ALLOWANCE_M + settings.POSITION_SPEED_MAX_MPS * elapsed_s
    return distance_m(old.lat, old.lng, new.position.lat, new.position.lng) <= reach_m


def flag(*, report: Report, speed_mps: int, **_: Any) -> None:
    """Flag a partner whose device has reported too much that can't be."""
    partner = Partner.objects.filter(pk=report.partner_id).first()
    if partner is None:
        return
    raise_flag(
        FlagKind.IMPLAUSIBLE_POSITION,
        now=clock.now(),
        account_id=partner.user_id,
        figure=speed_mps,
        limit=settings.POSITION_SPEED_MAX_MPS,
        evidence={"reports": settings.POSITION_FLAG_REPORTS, "within_s": settings.POSITION_FLAG_SPAN_S},
    )
