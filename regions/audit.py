"""Audit checks of regions."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from backoffice.audit import ODD, Checks, Result, streamed
from regions.days_off import check_country, check_subdivision
from regions.geometry import polygon_contains
from regions.models import Region, check_polygon, not_chargeable

CHECKS = Checks()


@CHECKS
def regions_can_be_placed(now: datetime) -> Result:
    """A region's boundary is a polygon, and its time zone exists."""
    zones = available_timezones()
    return streamed(Region.objects.all(), lambda region: region.time_zone not in zones or not _is_polygon(region))


@CHECKS.of_kind(ODD)
def holidays_are_known(now: datetime) -> Result:
    """The holidays of a region's country, and of the part of it, are known."""
    return streamed(Region.objects.exclude(country=""), lambda region: not _has_holidays(region))


@CHECKS.of_kind(ODD)
def prices_can_be_charged(now: datetime) -> Result:
    """The payment provider takes charges of a region's prices and fees, in its currency."""
    return streamed(Region.objects.all(), lambda region: bool(not_chargeable(vars(region), region.currency)))


def _has_holidays(region: Any) -> bool:
    try:
        check_country(region.country)
        check_subdivision(region.country, region.subdivision)
    except ValidationError:
        return False
    return True


def _is_polygon(region: Any) -> bool:
    try:
        check_polygon(region.boundary)
        polygon_contains(region.boundary, 0.0, 0.0)
    except (ValidationError, TypeError, ValueError, LookupError, ArithmeticError):
        return False
    return True
