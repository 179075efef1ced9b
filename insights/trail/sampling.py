"""Sampling the live positions into trails.

A pass of the sweep looks at all live positions of a region, and keeps a point of a partner who has moved `STEP_M` since
the last one, or whose last one is `STEP_S` old. Points are gathered in the process and written by the piece, so that a
row costs a point little: 10 bytes are the point, and the row with its indexes about 150, of at least ten points.

One of several sweeps samples, which holds a key in Valkey. If it dies, the points that it has gathered are lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings

from accounts.models import Partner
from core import valkey
from insights.trail.models import TrailPiece
from insights.trail.points import Point
from positions import Whereabouts, whereabouts
from regions.geometry import distance_m
from regions.models import Region

STEP_M = 25.0
STEP_S = 30
PIECE = timedelta(minutes=5)
LONGEST = 3 * PIECE  # of a piece that was not written yet because others were
WRITTEN_AT_ONCE = 500  # rows: the sweep has other work, and partners who began together drift apart by it
LEADER, LEADS_S = "{trail}:sampler", 25.0  # longer than two passes


@dataclass(slots=True)
class Piece:
    """The points of one partner that are not written yet; there is at least one."""

    begins_at: datetime
    points: list[Point] = field(default_factory=list)

    def take(self, lat: float, lng: float, now: datetime) -> None:
        """Keep a point, unless it is too near to the last one in time and place."""
        after_s = int((now - self.begins_at).total_seconds())
        if self.points:
            last = self.points[-1]
            if after_s - last.after_s < STEP_S and distance_m(last.lat, last.lng, lat, lng) < STEP_M:
                return
        self.points.append(Point(after_s, lat, lng))


class Sampler:
    """The pieces of all partners that this process gathers."""

    def __init__(self) -> None:
        self._name = uuid4().hex
        self._pieces: dict[UUID, Piece] = {}
        self._written: list[UUID] = []  # the partners of whom the last pass has written

    def sample(self, now: datetime) -> None:
        """Look at all live positions, unless another process does, and write the pieces whose time is over.

        Raises: `valkey.Unreachable`.
        """
        if not valkey.leads(LEADER, self._name, LEADS_S):
            self._write(dict(self._pieces), now)
            return
        oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
        for slug in Region.objects.values_list("slug", flat=True):
            for name, where in whereabouts(slug, oldest=oldest).items():
                if where.fresh:
                    self._take(UUID(name), where, now)
        self._write(self._over(now), now)

    def _over(self, now: datetime) -> dict[UUID, Piece]:
        """Return the pieces whose time is over, the oldest first: a batch, and all that may not grow any more."""
        over = [entry for entry in self._pieces.items() if not entry[1].begins_at <= now < entry[1].begins_at + PIECE]
        over.sort(key=lambda entry: entry[1].begins_at)
        late = [entry for entry in over[WRITTEN_AT_ONCE:] if now >= entry[1].begins_at + LONGEST]
        return dict(over[:WRITTEN_AT_ONCE] + late)

    def _take(self, partner: UUID, where: Whereabouts, now: datetime) -> None:
        piece = self._pieces.get(partner)
        if piece is None:
            piece = self._pieces[partner] = Piece(now)
        if piece.begins_at <= now:  # else the clock was set back, and the piece is written
            piece.take(where.lat, where.lng, now)

    def _write(self, pieces: Mapping[UUID, Piece], now: datetime) -> None:
        """Write pieces, but not of accounts that are deleted; if that happens meanwhile, they go a pass later."""
        if self._written:
            lately = TrailPiece.objects.filter(partner__in=self._written, begins_at__gt=now - 2 * LONGEST)
            lately.filter(partner__user__is_active=False).delete()
        self._written = list(pieces)
        if not pieces:
            return
        there = set(Partner.objects.filter(pk__in=pieces, user__is_active=True).values_list("pk", flat=True))
        rows = [
            TrailPiece(partner_id=pk, begins_at=piece.begins_at, points=piece.points)
            for pk, piece in pieces.items()
            if pk in there
        ]
        TrailPiece.objects.bulk_create(rows, ignore_conflicts=True)
        for pk in pieces:
            del self._pieces[pk]


_sampler = Sampler()


def sweep_trails(now: datetime) -> None:
    """Sample the live positions, unless Valkey is away."""
    try:
        _sampler.sample(now)
    except valkey.Unreachable:
        return
