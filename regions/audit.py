"""Audit checks of regions."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from backoffice.audit import Checks, Result, streamed
from regions.geometry import polygon_contains
from regions.models import Region, check_polygon

CHECKS = Checks()


@CHECKS
def regions_can_be_placed(now: datetime) -> Result:
    """A region's boundary is a polygon, and its time zone exists."""
    zones = available_timezones()
    return streamed(Region.objects.all(), lambda region: region.time_zone not in zones or not _is_polygon(region))


def _is_polygon(region: Any) -> bool:
    try:
        check_polygon(region.boundary)
        polygon_contains(region.boundary, 0.0, 0.0)
    except (ValidationError, TypeError, ValueError, LookupError, ArithmeticError):
        return False
    return True
