"""A partner's own week: time at work, offers, sessions and earnings by day of their region."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Partner, PartnerTransition
from accounts.states import PartnerStatus
from insights.facts.hours import HOUR_S
from insights.facts.supply import WORKING
from payments.books.earnings import sessions_since
from requests_app.models import Offer
from requests_app.states import OfferStatus
from rides.models import Ride
from rides.states import RideStatus

DAYS = 7
LONGEST = timedelta(days=2)  # of a ride that counts, from its acceptance to its end


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day of a partner. `earned` is in minor units of their region's currency."""

    day: date
    work_s: int
    busy_s: int
    offers: int
    accepted: int
    sessions: int
    earned: int

    @property
    def earned_an_hour(self) -> int | None:
        """The earnings of an hour at work, in minor units; None without work."""
        return round(self.earned * HOUR_S / self.work_s) if self.work_s else None


def own_week(partner: Partner, *, now: datetime) -> list[OwnDay]:
    """Return a partner's last seven days, today last. Without a region, days are UTC's, and nothing is earned."""
    zone = ZoneInfo(partner.region.time_zone) if partner.region else ZoneInfo("UTC")
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    begin = datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone)
    work, busy = _time(partner, begin, now, zone)
    offers: Counter[date] = Counter()
    accepted: Counter[date] = Counter()
    made = Offer.objects.filter(partner=partner, created_at__gte=begin)
    for at, status in made.values_list("created_at", "status"):
        day = at.astimezone(zone).date()
        offers[day] += 1
        accepted[day] += status == OfferStatus.ACCEPTED
    over = Ride.objects.filter(partner=partner, accepted_at__gte=begin - LONGEST)  # an index
    over = over.filter(status=RideStatus.COMPLETED, end_time__gte=begin)
    sessions = Counter(at.astimezone(zone).date() for at in over.values_list("end_time", flat=True) if at)
    earned: Counter[date] = Counter()
    if partner.region:
        for at, amount in sessions_since(partner, partner.region.currency, begin):
            earned[at.astimezone(zone).date()] += amount
    return [OwnDay(day, work[day], busy[day], offers[day], accepted[day], sessions[day], earned[day]) for day in days]


def _time(partner: Partner, begin: datetime, now: datetime, zone: ZoneInfo) -> tuple[Counter[date], Counter[date]]:
    """Return the seconds at work, and those on rides, by day."""
    work: Counter[date] = Counter()
    busy: Counter[date] = Counter()
    for status, since, until in _spells(partner, begin, now):
        for day, seconds in _by_day(since, until, zone):
            work[day] += seconds if status in WORKING else 0
            busy[day] += seconds if status == PartnerStatus.BUSY else 0
    return work, busy


def _spells(partner: Partner, begin: datetime, now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Return the statuses that a partner had in a time, each from when until when."""
    steps = PartnerTransition.objects.filter(subject=partner)
    since, last = begin, partner.status
    for old, new, at in steps.filter(at__gte=begin, at__lt=now).order_by("at", "pk").values_list("old", "new", "at"):
        yield old, since, at
        since, last = at, new
    yield last, since, now


def _by_day(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[date, int]]:
    """Divide a time by the midnights in it, in whole seconds."""
    while since < until:
        day = since.astimezone(zone).date()
        following = day + timedelta(days=1)
        end = min(until, datetime(following.year, following.month, following.day, tzinfo=zone))
        yield day, int(end.timestamp() - since.timestamp())
        since = end
