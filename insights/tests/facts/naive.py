"""Facts counted in the plainest way, row by row, as docs/insights.md defines them."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Partner, PartnerTransition
from insights.facts.models import HourFacts, HourMoney, HourSupply
from insights.facts.waits import bucket_of
from payments.models import Entry
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from rides.models import Ride

QUARTER = timedelta(minutes=15)


def key(moment: datetime, region: Region) -> datetime:
    """The moment less what the clock on the wall shows after the full hour."""
    wall = moment.astimezone(ZoneInfo(region.time_zone))
    return moment - timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)


def requests() -> dict[Any, dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    people: dict[Any, set[Any]] = defaultdict(set)
    for request in CheerRequest.objects.select_related("region"):
        cell = (request.region_id, key(request.created_at, request.region), request.request_type_id)
        facts = found.setdefault(cell, defaultdict(int))
        tallies = {name: facts.setdefault(name, Counter()) for name in TALLIES}
        offers = list(Offer.objects.filter(request=request))
        rides = list(Ride.objects.filter(request=request))
        people[cell].add(request.user_id)
        facts["users"] = len(people[cell])
        facts["requests"] += 1
        facts["offered"] += bool(offers)
        facts["accepted"] += bool(rides)
        facts["completed"] += request.status == "completed"
        if request.status == "no_match":
            tallies["unmatched"][request.closed_code] += 1
        if request.status == "cancelled":
            when = "after_acceptance" if rides else "before_acceptance" if offers else "before_offer"
            tallies["cancelled"][f"{request.closed_code}.{when}"] += 1
        facts["offers"] += len(offers)
        for offer in offers:
            facts["offers_accepted"] += offer.status == "accepted"
            facts["distance_m"] += offer.distance_m * (offer.status == "accepted")
            facts["lapsed"] += offer.status == "expired"
            for status in ("declined", "rescinded"):
                if offer.status == status:
                    tallies[status][offer.closed_code] += 1
        for ride in rides:
            if ride.status == "completed":
                facts["sessions"] += 1
                facts["micros"] += ride.elapsed(ride.accepted_at) // timedelta(microseconds=1)
            elif ride.status == "cancelled":
                tallies["called_off"][ride.closed_code] += 1
        came = [at for at in (ride.arrived_at or ride.start_time for ride in rides) if at]
        for name, moments in (
            ("to_offer", [offer.created_at for offer in offers]),
            ("to_acceptance", [ride.accepted_at for ride in rides]),
            ("to_arrival", came),
        ):
            if moments:
                wait = min(moments) - request.created_at
                tallies[name][str(bucket_of(wait.total_seconds()))] += 1
    return {cell: _shown(facts) for cell, facts in found.items()}


def _shown(facts: dict[str, Any]) -> dict[str, Any]:
    named = {name: dict(facts[name]) if name in TALLIES else facts[name] for name in FIELDS if name != "session_s"}
    return {**named, "session_s": facts["micros"] // 1_000_000}


def money() -> dict[Any, tuple[int, int]]:
    found: dict[Any, tuple[int, int]] = defaultdict(lambda: (0, 0))
    entries = Entry.objects.filter(payment__isnull=False).select_related("payment__ride__request__region")
    for entry in entries:
        request = entry.payment.ride.request
        cell = (request.region_id, key(entry.at, request.region), request.request_type_id)
        what = (*cell, entry.currency, entry.kind, entry.payment.kind)
        amount, n = found[what]
        found[what] = amount + entry.amount, n + 1
    return dict(found)


def supply(now: datetime) -> dict[Any, dict[str, int]]:
    """The time of every partner, a quarter of an hour after the other."""
    micros: dict[Any, Counter[str]] = defaultdict(Counter)
    for partner in Partner.objects.select_related("region").exclude(region=None):
        steps = list(PartnerTransition.objects.filter(subject=partner, at__lt=now).order_by("at", "id"))
        for step, following_step in zip(steps, [*steps[1:], None], strict=False):
            ends = following_step.at if following_step else now
            at = step.at
            while at < ends and step.new != "offline":
                past = timedelta(seconds=at.timestamp() % QUARTER.total_seconds())
                following = min(
                    ends, at.replace(microsecond=0) - timedelta(seconds=int(past.total_seconds())) + QUARTER
                )
                micros[partner.region_id, key(at, partner.region)][step.new] += (following - at) // timedelta(
                    microseconds=1
                )
                at = following
    found = {
        cell: {f"{status}_s": sums[status] // 1_000_000 for status in ("available", "offered", "busy")}
        for cell, sums in micros.items()
    }
    return {cell: seconds for cell, seconds in found.items() if any(seconds.values())}


FIELDS = [
    field.name for field in HourFacts._meta.fields if field.name not in ("id", "region", "starts_at", "request_type")
]
TALLIES = [field.name for field in HourFacts._meta.fields if field.get_internal_type() == "JSONField"]


def stored() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Return the rows of the three tables in the form of the naive counts."""
    facts = {
        (row.region_id, row.starts_at.astimezone(UTC), row.request_type_id): {
            name: getattr(row, name) for name in FIELDS
        }
        for row in HourFacts.objects.all()
    }
    sums = {
        (row.region_id, row.starts_at, row.request_type_id, row.currency, row.kind, row.payment_kind): (
            row.amount,
            row.entries,
        )
        for row in HourMoney.objects.all()
    }
    seconds = {
        (row.region_id, row.starts_at): {name: getattr(row, name) for name in ("available_s", "offered_s", "busy_s")}
        for row in HourSupply.objects.all()
    }
    return facts, sums, seconds
