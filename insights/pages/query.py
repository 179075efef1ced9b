"""The query of a figure, of its API and of its page."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop
from rest_framework import serializers

from accounts.models import User
from accounts.staff_regions import within
from api.fields import Text
from core.errors import Invalid, Missing
from insights.pages.asked import Asked
from regions.models import Region
from requests_app.models import REQUEST_TYPE_SLUG_MAX_CHARS

USUAL_DAYS = 28  # if no first day is named
DAYS_MAX = 366
DAYS_MAX_OF_FILE = 36_600
EARLIEST = date(2000, 1, 1)
AHEAD_DAYS = 1  # tomorrow is forecast


class Day(serializers.DateField):
    """A date of ISO 8601, in a string."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DD")
        found: date = super().to_internal_value(value)
        return found


class FigureQuery(serializers.Serializer[Any]):
    """The filters of a figure."""

    firstDay = Day(required=False, help_text=f"Of the region's clock; by default {USUAL_DAYS} days up to `lastDay`.")
    lastDay = Day(required=False, help_text="The last day itself counts; by default today.")
    requestType = Text(
        required=False, max_length=REQUEST_TYPE_SLUG_MAX_CHARS, help_text="Only this kind of cheer, by its slug."
    )


def region_for(user: User, slug: str) -> Region:
    """Return a region that a member of staff may see, active or not. Raises `Missing`."""
    found = within(Region.objects.filter(slug=slug), user, "pk").first()
    if found is None:
        raise Missing
    return found


def asked_of(region: Region, said: dict[str, Any], *, now: datetime, days_max: int = DAYS_MAX) -> Asked:
    """Return what a query says about a region.

    Args:
        region: which.
        said: the valid values of a `FigureQuery`.
        now: the present.
        days_max: how many days may be asked about.

    Raises:
        Invalid: the days are not in order, too many, or not in the time that there are facts about.
    """
    today = now.astimezone(ZoneInfo(region.time_zone)).date()
    last: date = said.get("lastDay") or today
    if not EARLIEST <= last <= today + timedelta(days=AHEAD_DAYS):
        raise Invalid("day_out_of_range", gettext_noop("There are no figures of this day."), "lastDay")
    first: date = said.get("firstDay") or max(EARLIEST, last - timedelta(days=USUAL_DAYS - 1))
    if not max(EARLIEST, last - timedelta(days=days_max - 1)) <= first <= last:
        detail = gettext_noop("The first day must be at most %(days)s days up to the last.")
        raise Invalid("day_out_of_range", detail, "firstDay", days=days_max)
    return Asked(region, first, last, said.get("requestType"), now)
