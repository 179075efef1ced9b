"""Calendar periods of a partner's statements: weeks, months and years in one time zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

NAME = re.compile(r"(2[0-9]{3})(?:-(0[1-9]|1[0-2])|-W([0-5][0-9]))?")
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


class PeriodKind(models.TextChoices):
    WEEK = "week", _("Week")
    MONTH = "month", _("Month")
    YEAR = "year", _("Year")


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` until before `after`, from midnight to midnight in a time zone.

    Its name is `2026-W47`, a week of ISO 8601, `2026-11` or `2026`.
    """

    kind: PeriodKind
    first: date
    after: date
    zone: ZoneInfo

    @property
    def name(self) -> str:
        """The name by which the period is asked for."""
        return name_of(self.kind, self.first)

    @property
    def previous(self) -> str:
        """The name of the period before."""
        return name_of(self.kind, self.first - DAY)

    @property
    def next(self) -> str:
        """The name of the period after."""
        return name_of(self.kind, self.after)

    @property
    def start(self) -> datetime:
        """The moment at which the period begins."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The moment at which the period is over, and the next one begins."""
        return _midnight(self.after, self.zone)

    @property
    def last(self) -> date:
        """The period's last day."""
        return self.after - DAY

    def months(self) -> list["Period"]:
        """The months of a year."""
        return [period_of(name_of(PeriodKind.MONTH, date(self.first.year, n, 1)), self.zone) for n in range(1, 13)]


def name_of(kind: PeriodKind, day: date) -> str:
    """Returns the name of the period of a kind that a day belongs to."""
    if kind == PeriodKind.WEEK:
        week = day.isocalendar()
        return f"{week.year:04}-W{week.week:02}"
    return f"{day:%Y-%m}" if kind == PeriodKind.MONTH else f"{day:%Y}"


def period_of(name: str, zone: ZoneInfo) -> Period:
    """Returns the period of a name. Raises `ValueError` if the calendar has none of that name."""
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(name)
    year, month, week = match.groups()
    if week is not None:
        monday = date.fromisocalendar(int(year), int(week), 1)
        return Period(PeriodKind.WEEK, monday, monday + WEEK, zone)
    if month is None:
        return Period(PeriodKind.YEAR, date(int(year), 1, 1), date(int(year) + 1, 1, 1), zone)
    first = date(int(year), int(month), 1)
    return Period(PeriodKind.MONTH, first, (first + 31 * DAY).replace(day=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
