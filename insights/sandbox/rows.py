"""Reads the rows of one day of one region, by indexes and in one snapshot that can't write."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connections, router, transaction

from accounts.models import Partner, PartnerTransition
from payments.models import Hold
from regions.models import Region
from requests_app.models import CheerRequest, CheerRequestTransition, Offer, RequestType
from requests_app.records import Look, Matching
from requests_app.states import RequestStatus
from rides.models import Ride

AT_ONCE = 500  # keys in one statement
BEFORE = timedelta(hours=1)  # the time between the beginning of a replay and its day


class RequestRow(NamedTuple):
    id: UUID
    user_id: Any
    kind: str
    lat: float
    lng: float
    created_at: datetime
    status: str
    closed_code: str
    coarse: bool


class OfferRow(NamedTuple):
    request_id: UUID
    partner_id: UUID
    status: str
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    closed_code: str
    distance_m: int
    wave: int
    decision: dict[str, Any] | None


class RideRow(NamedTuple):
    request_id: UUID
    partner_id: UUID
    status: str
    accepted_at: datetime
    arrived_at: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    cancelled_at: datetime | None
    closed_code: str


class LookRow(NamedTuple):
    request_id: UUID
    number: int
    looks: int
    first_at: datetime
    last_at: datetime


LOOK = ("request_id", "number", "count", "first_at", "last_at")  # the columns of a `LookRow`


class StepRow(NamedTuple):
    partner_id: UUID
    old: str
    new: str
    at: datetime


class PartnerRow(NamedTuple):
    id: UUID
    user_id: Any
    type: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a day. Lists are in the order of time; `base` is where a replay begins."""

    base: datetime
    begins: datetime
    ends: datetime
    requests: list[RequestRow]
    cancelled: dict[UUID, datetime]
    held: dict[UUID, datetime]  # when a request's amount was held, if it had to be
    offers: list[OfferRow]
    matchings: dict[UUID, Matching]
    looks: list[LookRow]  # that made no offer, of each request in the order of their numbers
    rides: list[RideRow]
    partners: list[PartnerRow]
    steps: list[StepRow]
    kinds: dict[str, list[str]]  # the types of partners who can serve a kind; empty: all


def bounds(region: Region, day: date) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a local day."""
    zone = ZoneInfo(region.time_zone)
    begins, ends = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    return begins, ends


def read(region: Region, begins: datetime, ends: datetime) -> Rows:
    """Read what was recorded of a region from a moment to another."""
    using, base = router.db_for_read(CheerRequest), begins - BEFORE
    with snapshot(using):
        requests = _requests(region, base, ends, using)
        ids = [each.id for each in requests]
        offers = [OfferRow(*row) for row in _by_request(Offer, ids, OfferRow._fields, using)]
        offers.sort(key=lambda each: each.created_at)
        matchings = _matchings(offers, using)
        partners = _partners(region, {each.partner_id for each in offers} | named(offers, matchings), using)
        known = {each.id for each in partners}
        return Rows(
            base=base,
            begins=begins,
            ends=ends,
            requests=requests,
            cancelled=_cancelled(ids, using),
            held=_held(ids, using),
            offers=offers,
            matchings=matchings,
            looks=sorted(LookRow(*row) for row in _by_request(Look, ids, LOOK, using)),
            rides=sorted(
                (RideRow(*row) for row in _by_request(Ride, ids, RideRow._fields, using)), key=lambda r: r.accepted_at
            ),
            partners=partners,
            steps=[each for each in _steps(base, ends, using) if each.partner_id in known],
            kinds=dict(RequestType.objects.using(using).values_list("slug", "partner_types")),
        )


@contextmanager
def snapshot(using: str) -> Iterator[None]:
    """Let what is inside read the database as it is at one moment, and write nothing."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        yield  # it can only be read here, and a transaction would keep writers out
        return
    outermost = not connection.in_atomic_block
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def _requests(region: Region, base: datetime, ends: datetime, using: str) -> list[RequestRow]:
    found = CheerRequest.objects.using(using).filter(
        region=region, status__in=RequestStatus.values, created_at__gte=base, created_at__lt=ends
    )  # all statuses: they lead the index
    columns = ("pk", "user", "request_type", "lat", "lng", "created_at", "status", "closed_code", "coarse")
    return sorted((RequestRow(*row) for row in found.values_list(*columns)), key=lambda r: (r.created_at, r.id))


def _by_request(model: Any, ids: Sequence[UUID], columns: Sequence[str], using: str) -> Iterator[tuple[Any, ...]]:
    for some in _parts(ids):
        yield from model.objects.using(using).filter(request__in=some).values_list(*columns)


def _cancelled(ids: Sequence[UUID], using: str) -> dict[UUID, datetime]:
    steps = CheerRequestTransition.objects.using(using).filter(new=RequestStatus.CANCELLED).order_by()
    return _dates(steps.filter(subject__in=some).values_list("subject", "at") for some in _parts(ids))


def _held(ids: Sequence[UUID], using: str) -> dict[UUID, datetime]:
    holds = Hold.objects.using(using).filter(number=1, for_booking=True, answered_at__isnull=False)
    return _dates(holds.filter(request__in=some).values_list("request", "answered_at") for some in _parts(ids))


def _parts(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE))


def _dates(parts: Iterable[Iterable[tuple[UUID, datetime | None]]]) -> dict[UUID, datetime]:
    return {key: at for part in parts for key, at in part if at is not None}


def _matchings(offers: Sequence[OfferRow], using: str) -> dict[UUID, Matching]:
    ids = {UUID(each.decision["matching"]) for each in offers if each.decision and "matching" in each.decision}
    found: dict[UUID, Matching] = {}
    for some in _parts(sorted(ids)):
        found |= Matching.objects.using(using).in_bulk(some)
    return found


def named(offers: Iterable[OfferRow], matchings: dict[UUID, Matching]) -> set[UUID]:
    """Return the partners whom decisions name as candidates."""
    ids = {key for each in offers if each.decision for key, _ in each.decision.get("candidates", ())}
    ids |= {key for each in matchings.values() for key in each.pairs["partners"]}
    return {UUID(key) for key in ids}


def _partners(region: Region, ids: set[UUID], using: str) -> list[PartnerRow]:
    everybody = Partner.objects.using(using)
    columns = ("pk", "user", "type")
    found = {row[0]: PartnerRow(*row) for row in everybody.filter(region=region).values_list(*columns)}
    for some in _parts(sorted(ids - found.keys())):
        found |= {row[0]: PartnerRow(*row) for row in everybody.filter(pk__in=some).values_list(*columns)}
    return [found[key] for key in sorted(found)]


def _steps(base: datetime, ends: datetime, using: str) -> list[StepRow]:
    """Return the steps of all partners in a time, in its order; of one moment, in the order of their keys."""
    steps = PartnerTransition.objects.using(using).filter(at__gte=base, at__lt=ends).order_by("at", "pk")
    return [StepRow(*row) for row in steps.values_list("subject", "old", "new", "at")]
