"""An estimate of a request at a place now: how long it takes, what it costs, and whether somebody comes.

Anyone may ask, so an answer must not tell where partners are. It depends on the cell of a kilometre that the place is
in, is rounded to whole minutes, and of the partners who are free it knows one number: how far the fifth-nearest to the
middle of a cell of four kilometres is, in steps of √2, as of the last minute. Fewer than five are as good as none.
docs/decisions/0039-an-estimate-is-told-by-cells.md says why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, gamma, log2, sqrt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache

import positions
from accounts.models import Partner
from core import valkey
from core.prices import Tariff
from insights.arrival.factors import HIGH, MEDIAN
from insights.arrival.history import local_time
from insights.arrival.rides import Floats
from insights.arrival.selectors import Learnt, learnt_of
from insights.arrival.waits import CELL_M, LEAST_PEOPLE, added
from regions.geometry import S_PER_M, middle_of_cell
from regions.models import Region
from regions.selectors import open_region, usual_radii_m
from requests_app.models import RequestType
from requests_app.selectors import request_types_by_slug

SUPPLY_CELL_M = 4000.0
SUPPLY_KEPT_S = 60
SEARCHED = 100  # nearest partners fetched for a kind that only some partner types can serve
LEAST_M = 250.0
MINUTE_S = 60
# How near the nearest of partners who are spread evenly is, over the distance of the fifth-nearest: the expected
# distance of the k-th of a Poisson process is Γ(k + ½) / (Γ(k) √(πλ)).
NEAREST_OF_FIVE = gamma(1.5) / (gamma(LEAST_PEOPLE + 0.5) / gamma(LEAST_PEOPLE))


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds that half, and nine of ten, take at most; None where it is not known."""

    p50: int | None
    p90: int | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a request here and now: until somebody is there, the way of who comes, the price, the chance of a match."""

    wait_s: Range
    arrival_s: Range
    price: Tariff
    chance: float | None


def estimate(lat: float, lng: float, request_type: RequestType | None, *, now: datetime) -> Estimate:
    """Estimate a request at a place. Raises `Conflict` as `open_region` does."""
    region = open_region(lat, lng, at=now)
    kind = request_type or next(iter(request_types_by_slug().values()), None)
    learnt = learnt_of(region)
    middle = middle_of_cell(lat, lng, side_m=CELL_M)
    distance_m = _free_within_m(region, kind, *middle, now=now) or learnt.lately(*middle, "distance_m")
    hour, weekend = local_time(now, ZoneInfo(region.time_zone))
    way_s = None
    if distance_m is not None and learnt.factors is not None:
        way_s = learnt.factors.quantiles_s(distance_m, hour, weekend=weekend)
    constant_s = None if distance_m is None else distance_m * S_PER_M
    return Estimate(
        wait_s=_wait(learnt, middle, way_s),
        arrival_s=_minutes(constant_s, None) if way_s is None else _minutes(way_s[MEDIAN], way_s[HIGH]),
        price=Tariff(region.increment_amount, region.currency, region.increment_s),
        chance=learnt.lately(*middle, "chance"),
    )


def _wait(learnt: Learnt, middle: tuple[float, float], way_s: Floats | None) -> Range:
    """Return the usual wait for an acceptance and the present way after it; without factors, the usual of both."""
    accepted_s = learnt.lately(*middle, "accepted_s")
    both = learnt.lately(*middle, "arrived_s") if way_s is None else accepted_s and added(accepted_s, way_s)
    return Range(None, None) if both is None else _minutes(both[MEDIAN], both[HIGH])


def _minutes(p50_s: float | None, p90_s: float | None) -> Range:
    return Range(*(None if s is None else MINUTE_S * max(1, ceil(s / MINUTE_S)) for s in (p50_s, p90_s)))


# ---------------------------------------------------------------- who is free


def _free_within_m(region: Region, kind: RequestType | None, lat: float, lng: float, *, now: datetime) -> float | None:
    """Return about how far away the nearest free partner is; None if fewer than `LEAST_PEOPLE` are near."""
    middle_lat, middle_lng = middle_of_cell(lat, lng, side_m=SUPPLY_CELL_M)
    key = f"free:{region.slug}:{middle_lat:.4f},{middle_lng:.4f}:{kind.slug if kind else ''}"
    try:
        return (
            cache.get_or_set(key, lambda: _search(region, kind, middle_lat, middle_lng, now=now), SUPPLY_KEPT_S) or None
        )
    except valkey.Unreachable:
        return None


def _search(region: Region, kind: RequestType | None, lat: float, lng: float, *, now: datetime) -> float:
    """As `_free_within_m`, with 0 for too few."""
    types = kind.partner_types if kind else []
    count = SEARCHED if types else LEAST_PEOPLE
    search = positions.Search(lat, lng, usual_radii_m(region.pk)[-1], count)
    fresh_since = now - timedelta(seconds=settings.POSITION_FRESH_S)
    found = list(positions.nearest_to_many(region.slug, [search], received_since=fresh_since)[0])
    if types:
        ids = [candidate.partner_id for candidate in found]
        fit = set(Partner.objects.filter(pk__in=ids, type__in=types).values_list("pk", flat=True))
        found = [candidate for candidate in found if candidate.partner_id in fit]
    if len(found) < LEAST_PEOPLE:
        return 0.0
    nearest_m = max(LEAST_M, found[LEAST_PEOPLE - 1].distance_m * NEAREST_OF_FIVE)
    return LEAST_M * sqrt(2) ** round(2 * log2(nearest_m / LEAST_M))
