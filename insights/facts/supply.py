"""Adding up how long partners were in each status, hour by hour.

The time in a status is a sum over the steps into it and out of it: who enters an hour's status at t is in it for the
rest of the hour, less the rest after they leave it again; who was in it when the hour began, for all of it. How many
those were follows from how many there are now, and the steps since. So no partner's steps are put in order, and nothing
before the hours in question is read.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, BooleanField, Case, CharField, Count, F, Sum, Value, When

from accounts.models import Partner, PartnerTransition
from accounts.states import PartnerStatus
from insights.facts.expressions import MICROS, hour_key, micros_since, moment_of
from insights.facts.hours import Hour, Span
from insights.facts.models import HourSupply

WORKING = (PartnerStatus.AVAILABLE, PartnerStatus.OFFERED, PartnerStatus.BUSY)
_NUMBER, _YES_OR_NO, _TEXT = BigIntegerField(), BooleanField(), CharField()
_MICRO = timedelta(microseconds=1)


def supply_of(region: UUID, hours: Sequence[Hour], spans: Sequence[Span], now: datetime) -> list[HourSupply]:
    """Add up the partners' time in these hours, which follow each other, up to `now`; nothing is written.

    A partner's time counts in the region that they are in when it is counted.
    """
    begin = hours[0].begins
    levels: Counter[str] = Counter()  # partners by status
    steps: dict[int, list[tuple[str, str, int, int]]] = defaultdict(list)
    for hour, old, new, ahead, n, micros in _steps_and_partners(region, begin, spans, now):
        if hour is None:
            levels[new] += n
            continue
        levels[old] += n
        levels[new] -= n
        if not ahead:
            steps[hour].append((old, new, n, int(micros)))
    rows = []
    for hour in hours:
        ends = min(hour.ends, now)
        if ends <= hour.begins:
            break
        lasts, rest = (ends - hour.begins) // _MICRO, (ends - begin) // _MICRO
        sums: Counter[str] = Counter({status: levels[status] * lasts for status in WORKING})
        for old, new, n, micros in steps[int(hour.key.timestamp())]:
            left = n * rest - micros  # of these steps together, from each to the end of the hour
            sums[new] += left
            sums[old] -= left
            levels[new] += n
            levels[old] -= n
        seconds = {f"{status}_s": sums[status] // MICROS for status in WORKING}
        if any(seconds.values()):
            rows.append(HourSupply(region_id=region, starts_at=moment_of(int(hour.key.timestamp())), **seconds))
    return rows


def _steps_and_partners(region: UUID, begin: datetime, spans: Sequence[Span], now: datetime) -> Any:
    """Read the steps since `begin` by hour, and how many partners there are now: as of one moment, in one statement.

    Yields hour (None: now), old and new status, whether the steps are ahead of `now`, their number, and the sum of the
    microseconds from `begin` to each.
    """
    steps = (
        PartnerTransition.objects.filter(subject__region=region, at__gte=begin)
        .order_by()
        .annotate(
            hour=hour_key("at", spans),
            ahead=Case(When(at__gte=now, then=Value(True)), default=Value(False), output_field=_YES_OR_NO),
        )
        .values_list("hour", "old", "new", "ahead")
        .annotate(n=Count("pk"), micros=Sum(micros_since(begin, "at")))
    )
    partners = (
        Partner.objects.filter(region=region)
        .order_by()
        .annotate(
            hour=Value(None, output_field=_NUMBER),
            old=Value("", output_field=_TEXT),
            ahead=Value(False, output_field=_YES_OR_NO),
        )
        .values_list("hour", "old", F("status"), "ahead")
        .annotate(n=Count("pk"), micros=Value(0, output_field=_NUMBER))
    )
    return steps.union(partners, all=True).iterator()
