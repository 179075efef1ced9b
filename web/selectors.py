"""Reads that only the pages need."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet

from accounts.models import Partner, User
from payments.books.earnings import charged_for, sessions_since, total_of
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
        over.select_related("request__request_type", "request__region")
        .prefetch_related("payments__entries")
        .order_by("-accepted_at")[:RIDES_SHOWN]
    )


@dataclass(frozen=True, slots=True)
class Earnings:
    """A partner's earnings from the ledger, and the fares that users were charged, in minor units of one currency."""

    currency: str
    today: int
    week: int
    total: int
    fares_charged: int
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
    currency = partner.region.currency if partner.region else _latest_currency(partner) or "usd"
    charged = charged_for(partner, currency)
    total = total_of(partner, currency)
    lately = sessions_since(partner, currency, min(now - WEEK, _first_charted(midnight)))
    return Earnings(
        currency=currency,
        today=sum(amount for at, amount in lately if at >= midnight),
        week=sum(amount for at, amount in lately if at >= now - WEEK),
        total=total,
        fares_charged=charged.fares,
        rides=charged.sessions,
        days=_by_day(lately, midnight) if total else [],
    )


def _latest_currency(partner: Partner) -> str | None:
    rides = Ride.objects.filter(partner=partner, status=RideStatus.COMPLETED).order_by("-accepted_at")
    return rides.values_list("tariff_currency", flat=True).first()


def _first_charted(midnight: datetime) -> datetime:
    """The start of the first day of the chart. `midnight` is the start of today."""
    return midnight - timedelta(days=DAYS_CHARTED - 1)  # in wall time: not every day has 24 hours


def _by_day(lately: list[tuple[datetime, int]], midnight: datetime) -> list[tuple[date, int]]:
    """Earnings on each of the last days; a tip counts on the day of its session."""
    first = _first_charted(midnight)
    sums = {first.date() + timedelta(days=n): 0 for n in range(DAYS_CHARTED)}
    for at, amount in lately:
        if at >= first:
            sums[at.astimezone(midnight.tzinfo).date()] += amount
    return list(sums.items())
