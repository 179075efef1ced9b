"""What regions promise."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db.models import Q

from backoffice.audit import Checks, Result, one_each, streamed, unless
from regions.models import COMMISSION_MAX_BPS, Region, check_polygon

CHECKS = Checks()


@CHECKS
def one_region_per_slug(now: datetime) -> Result:
    """A slug names one region."""
    return one_each(Region.objects.all(), "slug")


@CHECKS
def tariffs_are_sane(now: datetime) -> Result:
    """A region's amounts are not negative, its increment lasts, and its commission is a part of the fare."""
    amounts = Q(increment_amount__gte=0, cancellation_fee_amount__gte=0, no_show_fee_amount__gte=0, hold_amount__gte=0)
    parts = Q(increment_s__gte=1, holds_max__gte=1, commission_bps__range=(0, COMMISSION_MAX_BPS))
    return unless(Region.objects.all(), amounts & parts)


@CHECKS
def regions_can_be_placed(now: datetime) -> Result:
    """A region's boundary is a polygon, and its time zone exists."""
    zones = available_timezones()
    return streamed(Region.objects.all(), lambda region: region.time_zone not in zones or not _is_polygon(region))


def _is_polygon(region: Any) -> bool:
    try:
        check_polygon(region.boundary)
        region.contains(0.0, 0.0)
    except (ValidationError, TypeError, ValueError, LookupError, ArithmeticError):
        return False
    return True
