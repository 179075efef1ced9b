"""Reads the requests and rides of a region from which its arrival times and waits are learnt."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery

from insights.arrival.rides import Rides, why_left_out
from insights.arrival.waits import Asked, cell_of
from regions.models import Region
from requests_app.models import CheerRequest, CheerRequestTransition, Offer
from requests_app.states import OfferStatus, RequestStatus

RIDES_OF = timedelta(days=56)
WAITS_OF = timedelta(days=28)
REQUESTS_MAX = 10_000  # of each status, the newest
OVER = (RequestStatus.COMPLETED, RequestStatus.CANCELLED, RequestStatus.NO_MATCH)
SATURDAY = 5


class Row(NamedTuple):
    """A request that is over, and one of its rides, if it has any."""

    request: UUID
    user: UUID
    lat: float
    lng: float
    status: str
    created_at: datetime
    ended_at: datetime | None
    accepted_at: datetime | None
    arrived_at: datetime | None
    disputed_at: datetime | None
    distance_m: int | None


@dataclass(frozen=True, slots=True)
class History:
    """Rides to learn from, oldest first, those left out by reason, and the requests of the last weeks."""

    rides: Rides
    left_out: dict[str, int]
    asked: list[Asked]


def history_of(region: Region, *, now: datetime) -> History:
    """Read the newest requests of a region that are over."""
    rows = sorted((row for status in OVER for row in _rows(region, status, now=now)), key=lambda row: row.created_at)
    rides, left_out = _rides(rows, ZoneInfo(region.time_zone))
    asked = list(_asked([row for row in rows if row.created_at >= now - WAITS_OF]))
    return History(rides, left_out, asked)


def local_time(at: datetime, zone: ZoneInfo) -> tuple[float, bool]:
    """Return the local time of day in hours from 0 to 24, and whether it is a weekend."""
    there = at.astimezone(zone)
    return there.hour + there.minute / 60 + there.second / 3600, there.weekday() >= SATURDAY


def newest(region: Region, status: str, *, now: datetime) -> QuerySet[Any, Any]:
    """Select the newest requests of a region with a status, each once for each of its rides."""
    accepted = Offer.objects.filter(
        request=OuterRef("pk"), partner=OuterRef("rides__partner"), status=OfferStatus.ACCEPTED
    )
    steps = CheerRequestTransition.objects.filter(subject=OuterRef("pk")).order_by("-pk")
    requests = CheerRequest.objects.filter(status=status, created_at__gte=now - RIDES_OF, region=region)
    return requests.order_by("-created_at").values_list(
        "pk",
        "user",
        "lat",
        "lng",
        "status",
        "created_at",
        Subquery(steps.values("at")[:1]),
        "rides__accepted_at",
        "rides__arrived_at",
        "rides__disputed_at",
        Subquery(accepted.values("distance_m")[:1]),
    )[:REQUESTS_MAX]


def _rows(region: Region, status: str, *, now: datetime) -> Iterator[Row]:
    return (Row(*values) for values in newest(region, status, now=now))


def _rides(rows: list[Row], zone: ZoneInfo) -> tuple[Rides, dict[str, int]]:
    taught: list[tuple[float, float, bool, float]] = []
    left_out: Counter[str] = Counter()
    for row in rows:
        if row.accepted_at is None or row.distance_m is None:
            continue
        took_s = None if row.arrived_at is None else (row.arrived_at - row.accepted_at).total_seconds()
        why = why_left_out(row.distance_m, took_s, disputed=row.disputed_at is not None)
        if why is not None or took_s is None:
            left_out[str(why)] += 1
        else:
            taught.append((row.distance_m, *local_time(row.accepted_at, zone), took_s))
    return Rides.of(taught), dict(left_out)


def _asked(rows: list[Row]) -> Iterator[Asked]:
    """Join the rows of each request: it was accepted by its first ride, and somebody arrived by any."""
    by_request: dict[UUID, list[Row]] = {}
    for row in rows:
        by_request.setdefault(row.request, []).append(row)
    for mine in by_request.values():
        row = mine[0]
        first = min((each for each in mine if each.accepted_at), key=attrgetter("accepted_at"), default=None)
        arrived_at = min((each.arrived_at for each in mine if each.arrived_at), default=None)
        yield Asked(
            person=row.user,
            cell=cell_of(row.lat, row.lng),
            accepted_s=_s(row.created_at, first and first.accepted_at),
            arrived_s=_s(row.created_at, arrived_at),
            distance_m=first and first.distance_m,
            ended_s=_s(row.created_at, row.ended_at) or 0.0,
            given_up=row.status == RequestStatus.NO_MATCH,
        )


def _s(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds()
