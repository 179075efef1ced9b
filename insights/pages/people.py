"""Whether a figure is about enough people to be told.

A figure that fewer than five people made would say something about one of them, so it is hidden: nothing is told in its
place, not even that it is small. Zero is told. A row is told if at least five different people are in it: the facts of
an hour know how many asked in it, at least as many as in any sum with it, and where that is too few, the rows are asked
who it was. Within such a row, a count of one to four requests, offers or entries is hidden, too.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from accounts.models import PartnerTransition
from insights.arrival.waits import LEAST_PEOPLE
from insights.facts.funnel import made_between
from insights.facts.selectors import Money, Supply, Totals
from insights.pages.asked import Asked
from payments.models import Entry
from requests_app.models import CheerRequest

T = TypeVar("T")
Span = tuple[datetime, datetime]
SINGLY = 4  # spans, the newest ones; mostly five people are found in them


def told(count: int, figure: T) -> T | None:
    """Return a figure that is made of so many requests, offers or entries; None if these are too few to be told."""
    return None if 0 < count < LEAST_PEOPLE else figure


def enough_users(asked: Asked, part: Totals) -> bool:
    """Whether at least five different people made the requests of a sum."""
    if part.users >= LEAST_PEOPLE:
        return True
    if part.users_at_most < LEAST_PEOPLE:
        return False
    rows = CheerRequest.objects.all()
    if asked.kind is not None:
        rows = rows.filter(request_type=asked.kind)

    def made(begin: datetime, end: datetime) -> QuerySet[Any]:
        return made_between(rows, asked.region.pk, begin, end)

    return _enough(asked, part.hours, made, "created_at", "user")


def enough_partners(asked: Asked, part: Supply) -> bool:
    """Whether at least five partners were at work, or went to work or from it, in the hours of a sum."""
    if part.people >= LEAST_PEOPLE:
        return True
    rows = PartnerTransition.objects.filter(subject__region=asked.region).order_by()

    def stepped(begin: datetime, end: datetime) -> QuerySet[Any]:
        return rows.filter(at__gte=begin, at__lt=end)

    return _enough(asked, part.hours, stepped, "at", "subject")


def enough_payers(asked: Asked, part: Money) -> bool:
    """Whether the money of a sum is that of at least five users."""
    if part.entries.total() < LEAST_PEOPLE:
        return False
    rows = Entry.objects.filter(payment__ride__request__region=asked.region).order_by()
    if asked.kind is not None:
        rows = rows.filter(payment__ride__request__request_type=asked.kind)

    def booked(begin: datetime, end: datetime) -> QuerySet[Any]:
        return rows.filter(at__gte=begin, at__lt=end)

    return _enough(asked, part.hours, booked, "at", "payment__user")


def _enough(asked: Asked, keys: Collection[datetime], rows_of: Any, moment: str, person: str) -> bool:
    """Whether rows of these hours are about enough people. `rows_of` selects those between two moments."""
    spans = _spans(asked, keys)[::-1]
    people: set[Any] = set()
    for begin, end in spans[:SINGLY]:
        people |= _some(rows_of(begin, end), person)
        if len(people) >= LEAST_PEOPLE:
            return True
    rest = spans[SINGLY:]
    if not rest:
        return False
    in_one = Q()
    for begin, end in rest:
        in_one |= Q(**{f"{moment}__gte": begin, f"{moment}__lt": end})
    return len(people | _some(rows_of(rest[-1][0], rest[0][1]).filter(in_one), person)) >= LEAST_PEOPLE


def _some(rows: QuerySet[Any], person: str) -> set[Any]:
    return set(rows.values_list(person, flat=True).distinct()[:LEAST_PEOPLE])


def _spans(asked: Asked, keys: Collection[datetime]) -> list[Span]:
    """Join the hours of these keys that follow each other; the oldest first."""
    joined: list[Span] = []
    for hour in sorted(asked.hours_by_key[key] for key in keys if key in asked.hours_by_key):
        if joined and joined[-1][1] == hour.begins:
            joined[-1] = joined[-1][0], hour.ends
        else:
            joined.append((hour.begins, hour.ends))
    return joined
