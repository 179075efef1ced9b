"""Records the looks of the matcher that make no offer: how many partners were near, and why none was asked.

An offer tells of its own look by its decision. Only looks that were due are recorded: the matcher looks at requests
that are not whenever something else wakes it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import F

from requests_app.matching import policy
from requests_app.matching.policy import Pair
from requests_app.matching.search import Found
from requests_app.models import CheerRequest
from requests_app.records import Look, LookResult
from requests_app.selectors import patience, radii_m, rules_of

ROWS_MAX = 12  # of one request and its patience; the last one stands for all that follow
FIGURES = ("result", "wave", "searched", "fit", "left_out", "attempts", "last_at")


class Seen(NamedTuple):
    """The findings of one look."""

    request: CheerRequest
    result: LookResult
    wave: int
    searched: int
    fit: int
    left_out: dict[str, int]
    attempts: int


def is_due(request: CheerRequest, *, now: datetime) -> bool:
    """Whether it is time for the next attempt at a pending request."""
    return request.next_attempt_at is None or request.next_attempt_at <= now


def write(requests: Sequence[CheerRequest], found: Found, matched: set[UUID], *, shortage: int, now: datetime) -> None:
    """Record the due looks at these requests, none of which was offered. For the `matched` a pair was chosen."""
    due = [request for request in requests if is_due(request, now=now)]
    if not due:
        return
    fit: dict[UUID, list[Pair[UUID, UUID]]] = defaultdict(list)
    for pair in found.pairs:
        fit[pair.request].append(pair)
    before: dict[UUID, list[Look]] = defaultdict(list)
    for row in Look.objects.filter(request__in=[request.pk for request in due]):
        before[row.request_id].append(row)
    same, new = [], []
    for request in due:
        seen = _seen(request, found, fit[request.pk], chosen=request.pk in matched, shortage=shortage, now=now)
        rows = before[request.pk]
        last = _continued(rows, seen)
        if last is None:
            new.append(_row(seen, rows[-1].number + 1 if rows else 1, now=now))
        else:
            same.append(_extended(last, seen, now=now))
    if same:
        Look.objects.bulk_update(same, ["count", *FIGURES])
    Look.objects.bulk_create(new, ignore_conflicts=True)  # another matcher may have looked at the same time


def _seen(
    request: CheerRequest, found: Found, pairs: list[Pair[UUID, UUID]], *, chosen: bool, shortage: int, now: datetime
) -> Seen:
    out = Counter(found.left_out(request).values())
    fits = request.pk in found.waves
    if chosen:
        result = LookResult.TAKEN_BY_ANOTHER
    elif fits:
        within = not shortage or policy.any_within_cap(
            pairs, shortage=shortage, rules=rules_of(request.region_id).rules
        )
        result = LookResult.OUTNUMBERED if within else LookResult.BEYOND_CAP
    else:
        result = LookResult.NOBODY_FITS if out else LookResult.NOBODY_NEAR
    backed_off = not chosen and not (shortage and fits)
    wave = found.waves.get(request.pk, len(radii_m(request)) - 1)
    attempts = request.attempts + 1 if backed_off else request.attempts
    return Seen(request, result, wave, len(pairs) + out.total(), len(pairs), dict(out), attempts)


def _continued(rows: Sequence[Look], seen: Seen) -> Look | None:
    """Return the row that this look continues; None if it begins another one."""
    if not rows:
        return None
    last = rows[-1]
    in_a_row = last.attempts == seen.request.attempts  # an offer in between is an attempt, too
    if in_a_row and (last.result, last.wave) == (seen.result, seen.wave):
        return last
    since = seen.request.give_up_at - patience(seen.request)
    return last if sum(row.first_at >= since for row in rows) >= ROWS_MAX else None


def _row(seen: Seen, number: int, *, now: datetime) -> Look:
    figures = {name: getattr(seen, name) for name in FIGURES if name != "last_at"}
    return Look(request=seen.request, number=number, count=1, first_at=now, last_at=now, **figures)


def _extended(row: Look, seen: Seen, *, now: datetime) -> Look:
    for name in FIGURES:
        setattr(row, name, max(now, row.first_at) if name == "last_at" else getattr(seen, name))
    row.count = F("count") + 1
    return row
