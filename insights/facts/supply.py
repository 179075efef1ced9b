"""Adding up how long partners were in each status, hour by hour.

The time in a status is a sum over the steps into it and out of it: who enters an hour's status at t is in it for the
rest of the hour, less the rest after they leave it again; who was in it when the hour began, for all of it. How many
those were follows from how many there are now, and the steps since. So no partner's steps are put in order, and nothing
before the hours in question is read. Of long times, each stretch begins with what the one before has ended with.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import CharField, Count, F, Sum, Value

from accounts.models import Partner, PartnerTransition
from accounts.states import PartnerStatus
from insights.facts.expressions import MICROS, hour_key, micros_since, moment_of
from insights.facts.hours import Hour, Span
from insights.facts.models import HourSupply

WORKING = (PartnerStatus.AVAILABLE, PartnerStatus.OFFERED, PartnerStatus.BUSY)
_MICRO = timedelta(microseconds=1)


def partners_at(region: UUID, begin: datetime) -> Counter[str]:
    """Count the partners in each status at a moment, by how many there are now and the steps since, in one statement.

    A partner counts in the region that they are in now.
    """
    steps = (
        PartnerTransition.objects.filter(subject__region=region, at__gte=begin)
        .order_by()
        .values_list("old", "new")
        .annotate(n=Count("pk"))
    )
    partners = (
        Partner.objects.filter(region=region)
        .order_by()
        .annotate(old=Value(None, output_field=CharField()))
        .values_list("old", F("status"))
        .annotate(n=Count("pk"))
    )
    levels: Counter[str] = Counter()
    for old, new, n in steps.union(partners, all=True):
        if old is None:
            levels[new] += n
        else:
            levels[old] += n
            levels[new] -= n
    return levels


def supply_of(
    region: UUID, hours: Sequence[Hour], spans: Sequence[Span], now: datetime, levels: Counter[str]
) -> list[HourSupply]:
    """Add up the partners' time in these hours, which follow each other, up to `now`; nothing is written.

    Args:
        levels: the partners in each status when the first hour begins; when the last one ends, once they were added up.
    """
    begin, end = hours[0].begins, min(hours[-1].ends, now)
    steps: dict[int, list[tuple[str, str, int, int]]] = defaultdict(list)
    rows = PartnerTransition.objects.filter(subject__region=region, at__gte=begin, at__lt=end).order_by()
    grouped = rows.annotate(hour=hour_key("at", spans)).values_list("hour", "old", "new")
    for hour, old, new, n, micros in grouped.annotate(n=Count("pk"), micros=Sum(micros_since(begin, "at"))):
        steps[hour].append((old, new, n, int(micros)))
    found = []
    for hour in hours:
        ends = min(hour.ends, now)
        if ends <= hour.begins:
            break
        key = int(hour.key.timestamp())
        lasts, rest = (ends - hour.begins) // _MICRO, (ends - begin) // _MICRO
        sums: Counter[str] = Counter({status: levels[status] * lasts for status in WORKING})
        for old, new, n, micros in steps[key]:
            left = n * rest - micros  # of these steps together, from each to the end of the hour
            sums[new] += left
            sums[old] -= left
            levels[new] += n
            levels[old] -= n
        seconds = {f"{status}_s": sums[status] // MICROS for status in WORKING}
        if any(seconds.values()):
            found.append(HourSupply(region_id=region, starts_at=moment_of(key), **seconds))
    return found
