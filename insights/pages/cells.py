"""Figures by cell of the map, from the newest requests of a time, because facts have no places.

A request counts while its place is exact (`PLACES_KEPT_DAYS`). Cells are those of H3, of resolution 8: 0.7 km².
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import h3
from django.db.models import F, Min, QuerySet

from core.ids import first_id_at
from insights.arrival.waits import LEAST_PEOPLE
from insights.facts.funnel import made_between
from insights.pages.asked import Asked
from insights.pages.map_cells import NAMES, middle_of
from insights.pages.people import told
from insights.pages.tables import HIGH, MEDIAN, Table, Unit, columns, share, whole_seconds
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from rides.models import Ride

RESOLUTION = 8
READ_MAX = 20_000  # requests
SKEW = timedelta(minutes=1)  # between a request's id and its moment


@dataclass(slots=True)
class Place:
    """The requests of a cell. `waits_s`: from each to its first acceptance."""

    people: set[Any] = field(default_factory=set)
    requests: int = 0
    unmatched: int = 0
    waits_s: list[float] = field(default_factory=list)

    @property
    def enough(self) -> bool:
        """Whether at least five people asked there."""
        return len(self.people) >= LEAST_PEOPLE


def waits_by_cell(asked: Asked) -> Table:
    """The waits from a request to its first acceptance in each cell, those with most requests first."""
    table = Table(
        columns(**NAMES, requests=Unit.COUNT, accepted=Unit.COUNT, acceptedP50=Unit.SECONDS, acceptedP90=Unit.SECONDS)
    )
    for names, place in _shown(table, asked):
        count = len(place.waits_s)
        waits = [told(count, whole_seconds(_quantile(place.waits_s, level))) for level in (MEDIAN, HIGH)]
        table.add(names, [place.requests, told(count, count), *waits])
    return table


def unmatched_by_cell(asked: Asked) -> Table:
    """The requests of each cell that were given up, cells with most requests first."""
    table = Table(columns(**NAMES, requests=Unit.COUNT, unmatched=Unit.COUNT, share=Unit.SHARE))
    for names, place in _shown(table, asked):
        count = place.unmatched
        table.add(names, [place.requests, told(count, count), told(count, share(count, place.requests))])
    return table


def _shown(table: Table, asked: Asked) -> Iterable[tuple[list[str | float], Place]]:
    """Return the cells in which enough people asked; one that is hidden is not named either, only counted."""
    rows = newest(asked.region, asked.begin, min(asked.end, asked.now), asked.kind)
    found = sorted(places(rows).items(), key=lambda each: (-each[1].requests, each[0]))
    table.hidden = sum(not place.enough for _, place in found)
    return (([cell, *middle_of(cell)], place) for cell, place in found if place.enough)


def newest(region: Region, begin: datetime, end: datetime, kind: str | None) -> list[CheerRequest]:
    """Return the newest requests of a region with exact places that were made in a time, newest first."""
    rows: QuerySet[CheerRequest] = CheerRequest.objects.filter(
        region=region,
        coarse=False,
        pk__gte=first_id_at(begin - SKEW),
        pk__lt=first_id_at(end + SKEW),
        created_at__gte=begin,
        created_at__lt=end,
    )
    if kind is not None:
        rows = rows.filter(request_type=kind)
    return list(
        rows.only("id", "user_id", "region_id", "lat", "lng", "status", "created_at").order_by("-pk")[:READ_MAX]
    )


def places(rows: Sequence[CheerRequest]) -> dict[str, Place]:
    """Gather requests, newest first and of one region, by cell."""
    found: dict[str, Place] = defaultdict(Place)
    accepted = _accepted(rows)
    for row in rows:
        place = found[h3.latlng_to_cell(row.lat, row.lng, RESOLUTION)]
        place.people.add(row.user_id)
        place.requests += 1
        place.unmatched += row.status == RequestStatus.NO_MATCH
        if row.pk in accepted:
            place.waits_s.append((accepted[row.pk] - row.created_at).total_seconds())
    return found


def _accepted(rows: Sequence[CheerRequest]) -> dict[Any, datetime]:
    """Return when each request was first accepted, of those that were."""
    if not rows:
        return {}
    oldest, latest = min(row.created_at for row in rows), max(row.created_at for row in rows)
    # More than these may be of the time, of another kind or with a place that is no longer exact.
    rides = made_between(Ride.objects.all(), rows[0].region_id, oldest, latest + timedelta(microseconds=1), "request__")
    return dict(rides.values_list("request").annotate(first=Min(F("accepted_at"))).values_list("request", "first"))


def _quantile(values: Sequence[float], level: float) -> float | None:
    """Return the value that a share of all does not exceed; None without any."""
    return sorted(values)[ceil(level * len(values)) - 1] if values else None
