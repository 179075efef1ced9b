"""Counts advice by the hour in which it was given. Hours are counted again, never added to."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from insights.facts.hours import SECOND, hours
from insights.positioning.models import Advice, HourAdvice, Outcome
from regions.models import Region

FOLLOWED, IGNORED = Q(outcome=Outcome.FOLLOWED), Q(outcome=Outcome.IGNORED)
SUMS = {
    "given": Count("pk"),
    "partners": Count("partner", distinct=True),
    "followed": Count("pk", filter=FOLLOWED),
    "ignored": Count("pk", filter=IGNORED),
    "overtaken": Count("pk", filter=Q(outcome=Outcome.OVERTAKEN)),
    "withdrawn": Count("pk", filter=Q(outcome=Outcome.WITHDRAWN)),
    "followed_m": Coalesce(Sum("distance_m", filter=FOLLOWED), 0),
    "offered_followed": Count("offered_after_s", filter=FOLLOWED),
    "offered_followed_s": Coalesce(Sum("offered_after_s", filter=FOLLOWED), 0),
    "offered_ignored": Count("offered_after_s", filter=IGNORED),
    "offered_ignored_s": Coalesce(Sum("offered_after_s", filter=IGNORED), 0),
}


def count_hours(region: Region, since: datetime, now: datetime) -> None:
    """Count the hours of a region from the one of `since` on. Call it in the transaction that has changed advice.

    An hour without rows stays as it was: they may have gone after `ADVICE_KEPT_DAYS`.
    """
    for hour in hours(since, now + SECOND, ZoneInfo(region.time_zone)):
        rows = Advice.objects.filter(region=region, given_at__gte=hour.begins, given_at__lt=hour.ends)
        sums = rows.aggregate(**SUMS)
        if sums["given"]:
            HourAdvice.objects.update_or_create(region=region, starts_at=hour.key, defaults=sums)
