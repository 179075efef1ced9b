"""Facts, money and people at moments of a day in New York, for the tests of figures."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.models import User
from core.ids import first_id_at
from insights.facts.models import HourFacts, HourMoney, HourSupply
from insights.facts.selectors import TALLIES, Wait
from insights.facts.waits import bucket_of
from insights.pages.asked import Asked
from regions.models import Region
from requests_app.models import CheerRequest, RequestType
from tests.cast import EMPIRE_STATE, Place

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 6, 10, 12, 7, tzinfo=ZONE)  # a Wednesday
TODAY = NOW.date()
_numbers = count(1)
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("offered", "accepted", "completed", "offers", "offers_accepted", "lapsed", "distance_m"), 0),
    **dict.fromkeys(("sessions", "session_s"), 0),
    **{name: {} for name in (*TALLIES, *Wait)},
}


def asked(region: Region, first: date = TODAY, last: date = TODAY, *, kind: str | None = None) -> Asked:
    """Return a question about these days, asked at `NOW`."""
    return Asked(region, first, last, kind, NOW)


def hour(clock: int, day: date = TODAY) -> datetime:
    """The key of an hour of New York's clock."""
    return datetime(day.year, day.month, day.day, clock, tzinfo=ZONE).astimezone(UTC)


def put(region: Region, at: datetime, requests: int, *, users: int = 5, kind: str = "pep_talk", **values: Any) -> None:
    """Write the facts of an hour."""
    HourFacts.objects.create(
        region=region,
        starts_at=at,
        request_type_id=kind,
        requests=requests,
        users=users,
        **{**NOTHING, **values},
    )


def booked(region: Region, at: datetime, kind: str, amount: int, *, entries: int = 5, payment: str = "fare") -> None:
    """Write what was booked in an hour."""
    HourMoney.objects.create(
        region=region,
        starts_at=at,
        request_type_id="pep_talk",
        currency="usd",
        kind=kind,
        payment_kind=payment,
        amount=amount,
        entries=entries,
    )


def worked(region: Region, at: datetime, *, available: int = 0, offered: int = 0, busy: int = 0) -> None:
    """Write how many partners were at work in an hour, all of it."""
    HourSupply.objects.create(
        region=region, starts_at=at, available_s=available * 3600, offered_s=offered * 3600, busy_s=busy * 3600
    )


def waits(*seconds: float) -> dict[str, int]:
    """The buckets of waits."""
    found: dict[str, int] = {}
    for wait in seconds:
        bucket = str(bucket_of(wait))
        found[bucket] = found.get(bucket, 0) + 1
    return found


def ask(
    user: User, region: Region, at: datetime, place: Place = EMPIRE_STATE, status: str = "cancelled"
) -> CheerRequest:
    """A request that was made at a moment and is over."""
    return CheerRequest.objects.create(
        id=UUID(int=first_id_at(at).int | next(_numbers)),
        user=user,
        region=region,
        request_type=RequestType.objects.get(slug="pep_talk"),
        lat=place[0],
        lng=place[1],
        status=status,
        closed_code="nobody_accepted" if status == "no_match" else "cancelled_by_user",
        created_at=at,
        next_attempt_at=None,
        give_up_at=at + timedelta(minutes=10),
    )
