"""Counting what has become of the requests of some hours.

A request counts in the hour in which it was made, with everything that came of it later. So the facts of an hour change
as long as anything happens to its requests, and parts of a funnel belong together: the accepted are of the offered.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, DateTimeField, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from insights.facts.expressions import MICROS, hour_key, micros_since, moment_of
from insights.facts.hours import Span
from insights.facts.models import HourFacts
from insights.facts.waits import bucket_of
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.states import RideStatus

ROWS_AT_ONCE = 5000
UNSAID = "unsaid"  # no code: by an older release
BEFORE_OFFER, BEFORE_ACCEPTANCE, AFTER_ACCEPTANCE = "before_offer", "before_acceptance", "after_acceptance"
Key = tuple[int, str]  # hour, kind of request
Found = dict[Key, dict[str, Any]]


def facts_of(region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> list[HourFacts]:
    """Count the facts of the hours from `begin` to before `end`, which lie in these spans; nothing is written."""
    found: Found = defaultdict(lambda: defaultdict(Counter))
    _count_requests(found, region, begin, end, spans)
    _count_ends(found, region, begin, end, spans)
    _count_offers(found, region, begin, end, spans)
    _count_rides(found, region, begin, end, spans)
    _count_waits(found, region, begin, end, spans)
    # A request may have been made since the first statement: it is counted the next time.
    return [_row(region, key, values) for key, values in found.items() if "requests" in values]


def made_between(rows: QuerySet[Any], region: UUID, begin: datetime, end: datetime, path: str = "") -> QuerySet[Any]:
    """Select the rows whose request, at a path, was made in a time and region, along the index by status and time."""
    made = {"region": region, "status__in": RequestStatus.values, "created_at__gte": begin, "created_at__lt": end}
    return rows.order_by().filter(**{f"{path}{name}": value for name, value in made.items()})


def _count_requests(found: Found, region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> None:
    rows = made_between(CheerRequest.objects.all(), region, begin, end).annotate(hour=hour_key("created_at", spans))
    counted = rows.values("hour", "request_type").annotate(
        requests=Count("pk"),
        users=Count("user", distinct=True),
        completed=Count("pk", filter=Q(status=RequestStatus.COMPLETED)),
    )
    for row in counted:
        found[row["hour"], row["request_type"]].update(
            requests=row["requests"], users=row["users"], completed=row["completed"]
        )


def _count_ends(found: Found, region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> None:
    """Count the requests that were given up or cancelled: why, and how far they had come."""
    rows = made_between(CheerRequest.objects.all(), region, begin, end).annotate(hour=hour_key("created_at", spans))
    given_up = rows.filter(status=RequestStatus.NO_MATCH).values("hour", "request_type", "closed_code")
    for row in given_up.annotate(n=Count("pk")):
        found[row["hour"], row["request_type"]]["unmatched"][row["closed_code"] or UNSAID] += row["n"]
    cancelled = rows.filter(status=RequestStatus.CANCELLED).annotate(
        was_offered=Exists(Offer.objects.filter(request=OuterRef("pk"))),
        was_accepted=Exists(Ride.objects.filter(request=OuterRef("pk"))),
    )
    by_progress = cancelled.values("hour", "request_type", "closed_code", "was_offered", "was_accepted")
    for row in by_progress.annotate(n=Count("pk")):
        when = AFTER_ACCEPTANCE if row["was_accepted"] else BEFORE_ACCEPTANCE if row["was_offered"] else BEFORE_OFFER
        found[row["hour"], row["request_type"]]["cancelled"][f"{row['closed_code'] or UNSAID}.{when}"] += row["n"]


def _count_offers(found: Found, region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> None:
    rows = made_between(Offer.objects.all(), region, begin, end, "request__")
    by_end = rows.annotate(hour=hour_key("request__created_at", spans)).values(
        "hour", "status", "closed_code", kind=F("request__request_type")
    )
    for row in by_end.annotate(n=Count("pk"), metres=Sum("distance_m")):
        facts, n, code = found[row["hour"], row["kind"]], row["n"], row["closed_code"] or UNSAID
        facts["numbers"]["offers"] += n
        if row["status"] == OfferStatus.ACCEPTED:
            facts["numbers"]["offers_accepted"] += n
            facts["numbers"]["distance_m"] += row["metres"]
        elif row["status"] == OfferStatus.EXPIRED:
            facts["numbers"]["lapsed"] += n
        elif row["status"] == OfferStatus.DECLINED:
            facts["declined"][code] += n
        elif row["status"] == OfferStatus.RESCINDED:
            facts["rescinded"][code] += n


def _count_rides(found: Found, region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> None:
    rows = made_between(Ride.objects.all(), region, begin, end, "request__")
    over = rows.filter(status__in=[RideStatus.COMPLETED, RideStatus.CANCELLED])
    by_end = over.annotate(hour=hour_key("request__created_at", spans)).values(
        "hour", "status", "closed_code", kind=F("request__request_type")
    )
    for row in by_end.annotate(n=Count("pk"), micros=Sum(micros_since(F("start_time"), "end_time"))):
        facts = found[row["hour"], row["kind"]]
        if row["status"] == RideStatus.COMPLETED:
            facts["numbers"]["sessions"] += row["n"]
            facts["numbers"]["session_s"] += int(row["micros"]) // MICROS
        else:
            facts["called_off"][row["closed_code"] or UNSAID] += row["n"]


def _count_waits(found: Found, region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> None:
    """Count who was offered and accepted, and how long that took; one row of one statement for each request."""
    requests = made_between(CheerRequest.objects.all(), region, begin, end)
    waits = requests.annotate(
        offered_at=_first(Offer, "created_at"),
        accepted_at=_first(Ride, "accepted_at"),
        came_at=_first(Ride, Coalesce("arrived_at", "start_time")),
    ).values_list(
        hour_key("created_at", spans),
        "request_type",
        *(micros_since(F("created_at"), moment) for moment in ("offered_at", "accepted_at", "came_at")),
    )
    for hour, kind, offered, accepted, arrived in waits.iterator(chunk_size=ROWS_AT_ONCE):
        facts = found[hour, kind]
        if offered is not None:
            facts["numbers"]["offered"] += 1
            facts["to_offer"][bucket_of(offered / MICROS)] += 1
        if accepted is not None:
            facts["numbers"]["accepted"] += 1
            facts["to_acceptance"][bucket_of(accepted / MICROS)] += 1
        if arrived is not None:
            facts["to_arrival"][bucket_of(arrived / MICROS)] += 1


def _first(of: type[Offer] | type[Ride], moment: str | Coalesce) -> Subquery:
    """The first such moment of the offers or rides of a request."""
    theirs = of._default_manager.filter(request=OuterRef("pk")).order_by().values("request")
    return Subquery(theirs.annotate(first=Min(moment)).values("first"), output_field=DateTimeField())


NUMBERS = ("offered", "accepted", "offers", "offers_accepted", "lapsed", "distance_m", "sessions", "session_s")
TALLIES = ("unmatched", "cancelled", "declined", "rescinded", "called_off", "to_offer", "to_acceptance", "to_arrival")


def _row(region: UUID, key: Key, values: dict[str, Any]) -> HourFacts:
    return HourFacts(
        region_id=region,
        starts_at=moment_of(key[0]),
        request_type_id=key[1],
        requests=values["requests"],
        users=values["users"],
        completed=values["completed"],
        **{name: values["numbers"][name] for name in NUMBERS},
        **{name: dict(values[name]) for name in TALLIES},
    )
