"""Reads that only the pages need."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import F, Prefetch, QuerySet, Sum

from accounts.models import Partner, User
from payments.models import Payment
from payments.states import PaymentKind
from requests_app.models import CheerRequest
from requests_app.selectors import requests_of
from rides.models import Ride
from rides.states import RideStatus
from web.charts import BarChart, bar_chart

RIDES_SHOWN = 30
WEEK = timedelta(days=7)
DAYS_CHARTED = 7


def partner_or_403(user: User) -> Partner:
    """The account's partner. Raises `PermissionDenied` if the account has none."""
    found = Partner.objects.select_related("region").filter(user=user).first()
    if found is None:
        raise PermissionDenied
    return found


def request_to_repeat(user: User, request_id: str) -> CheerRequest | None:
    """The user's own request of that id, for asking for the same again; None if the id is not valid or not theirs."""
    try:
        wanted = UUID(request_id)
    except ValueError:
        return None
    return requests_of(user).filter(pk=wanted).first()


def history_of(user: User) -> QuerySet[CheerRequest]:
    """A user's requests, newest first, with their `rides` (newest first) and payments prefetched."""
    rides = Ride.objects.prefetch_related("payments").order_by("-accepted_at")
    requests = requests_of(user).select_related("request_type").prefetch_related(Prefetch("rides", queryset=rides))
    return requests.order_by("-created_at")


def rides_served_by(partner: Partner) -> Iterable[Ride]:
    """A partner's latest finished rides, newest first, with their payments prefetched."""
    over = Ride.objects.filter(partner=partner, status__in=[RideStatus.COMPLETED, RideStatus.CANCELLED])
    return (
        over.select_related("request__request_type").prefetch_related("payments").order_by("-accepted_at")[:RIDES_SHOWN]
    )


@dataclass(frozen=True, slots=True)
class Earnings:
    """A partner's earnings from completed rides, fares and tips, in minor units of one currency."""

    currency: str
    today: int
    week: int
    total: int
    rides: int
    days: list[tuple[date, int]]  # the last week's, oldest first; empty until something has been earned

    @property
    def chart(self) -> BarChart:
        """The days as a bar chart."""
        return bar_chart(self.days)


def earnings_of(partner: Partner, *, now: datetime) -> Earnings:
    """A partner's earnings in the currency of their region. "Today" begins at midnight in the region."""
    zone = ZoneInfo(partner.region.time_zone) if partner.region else ZoneInfo("UTC")
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    done = Ride.objects.filter(partner=partner, status=RideStatus.COMPLETED)
    latest = done.order_by("-end_time").values_list("tariff_currency", flat=True).first()
    currency = partner.region.currency if partner.region else latest or "usd"
    done = done.filter(tariff_currency=currency)
    total = _earned(done)
    return Earnings(
        currency=currency,
        today=_earned(done.filter(end_time__gte=midnight)),
        week=_earned(done.filter(end_time__gte=now - WEEK)),
        total=total,
        rides=done.count(),
        days=_by_day(done, midnight) if total else [],
    )


def _by_day(rides: QuerySet[Ride], midnight: datetime) -> list[tuple[date, int]]:
    """Earnings on each of the last days; a tip counts on the day of its session. `midnight` is the start of today."""
    zone = midnight.tzinfo
    first = midnight - timedelta(days=DAYS_CHARTED - 1)  # in wall time: not every day has 24 hours
    sums = {first.date() + timedelta(days=n): 0 for n in range(DAYS_CHARTED)}
    for ride in rides.filter(end_time__gte=first).prefetch_related("payments"):
        tips = sum(p.amount - p.refunded_amount for p in ride.payments.all() if p.kind == PaymentKind.TIP)
        if ride.end_time is not None:
            sums[ride.end_time.astimezone(zone).date()] += (ride.fare_amount or 0) + tips
    return list(sums.items())


def _earned(rides: QuerySet[Ride]) -> int:
    fares = rides.aggregate(sum=Sum("fare_amount"))["sum"] or 0
    tips = Payment.objects.filter(kind=PaymentKind.TIP, ride__in=rides)
    return int(fares) + int(tips.aggregate(sum=Sum(F("amount") - F("refunded_amount")))["sum"] or 0)
