"""Reading trails."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from insights.trail.models import TrailPiece
from insights.trail.sampling import LONGEST


class Was(NamedTuple):
    """A partner was at a place, in degrees."""

    at: datetime
    lat: float
    lng: float


def trail_of(partner: UUID, begin: datetime, end: datetime) -> Iterator[Was]:
    """Return where a partner was from `begin` to before `end`, in order."""
    pieces = TrailPiece.objects.filter(partner=partner, begins_at__gt=begin - 2 * LONGEST, begins_at__lt=end)
    for piece in pieces.order_by("begins_at"):
        for point in piece.points:
            at = piece.begins_at + timedelta(seconds=point.after_s)
            if begin <= at < end:
                yield Was(at, point.lat, point.lng)
