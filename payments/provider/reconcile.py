"""Comparing our books with the provider's, in case events and answers were lost.

The source is the provider's list of movements of our balance: charges, refunds, fees, disputes, transfers, reversals
and payouts to our bank. It is read from the last mark on, day by day, and each movement once (books/movements.py). Two
things move nothing and have lists of their own: charges and holds under way, and disputes.

A change that we missed is applied, as an event would be. What can't be applied is a difference, a row that stays open
until its cause has gone or somebody has dealt with it. A list that can't be read ends nothing: the others are read, the
mark stays where it was, and the comparison is made again an hour later.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Max

from core import clock
from core.database import broken_constraint
from payments.books import differences, movements
from payments.books.disputes import apply_dispute
from payments.configuration import enabled
from payments.difference_states import DifferenceStatus, DifferenceSubject
from payments.models import Attempt, BankPayout, Difference, Dispute, Entry, Hold, Reconciliation
from payments.provider.gateway import Answer, ProviderError, gateway
from payments.provider.intents import apply_intent
from payments.provider.movements import UNKNOWN, take
from payments.states import HoldStatus

log = logging.getLogger(__name__)

READ_AGAIN = timedelta(hours=1)  # before the mark, because a list may show an object late
STEP = timedelta(days=1)  # the time that is read before the mark moves
PAGE = 100
DISPUTES_CHANGE_WITHIN = timedelta(days=180)  # a bank decides within about 75 days, and appeals follow
TAKEN_OVER_AFTER = timedelta(hours=1)  # a comparison that takes longer has died, or could not read a list
SETTLES_WITHIN = timedelta(minutes=15)  # anything younger may still be on its way
LOOKED_AGAIN_MAX = 1000  # open differences of one comparison


def reconcile_today(now: datetime | None = None) -> Reconciliation | None:
    """Make the daily comparison; returns None if it has been made or is under way."""
    moment = now or clock.now()
    try:
        with transaction.atomic():
            run = Reconciliation.objects.create(day=moment.date(), started_at=moment)
    except IntegrityError as error:
        if broken_constraint(error) != "payments_reconciliation.day":
            raise
        run = Reconciliation.objects.get(day=moment.date())
        stuck = Reconciliation.objects.filter(pk=run.pk, finished_at=None, started_at__lt=moment - TAKEN_OVER_AFTER)
        if not stuck.update(started_at=moment):
            return None
    return _compare(run, _unread_since(moment), now=moment)


def reconcile(since: datetime | None = None, *, now: datetime) -> Reconciliation:
    """Compare everything since a moment, or since the last mark. Not in a transaction."""
    run = Reconciliation.objects.create(started_at=now)
    return _compare(run, since or _unread_since(now), now=now)


def _unread_since(now: datetime) -> datetime:
    """Returns where reading goes on: the last mark, or before any the first call to the provider."""
    mark: datetime | None = Reconciliation.objects.aggregate(last=Max("mark"))["last"]
    calls: list[Hold | Attempt] = [*Hold.objects.order_by("pk")[:1], *Attempt.objects.order_by("pk")[:1]]
    return (mark or min((call.created_at for call in calls), default=now)) - READ_AGAIN


def _compare(run: Reconciliation, since: datetime, *, now: datetime) -> Reconciliation:
    parts: dict[str, Callable[[], None]] = {
        "balance transactions": lambda: _read_movements(run, since, now=now),
        "payment intents": lambda: _read_intents(run, since, now=clock.now()),
        "disputes": lambda: _read_disputes(run, now=clock.now()),
        "payouts": lambda: _match_payouts(run),
        "open differences": lambda: _look_again(run, now=now),
    }
    read = [_made(name, part, now=now) for name, part in parts.items()] if enabled() else []
    if all(read):
        run.finished_at = clock.now()
    run.differences = differences.open_differences()
    run.save()
    return run


def _made(name: str, part: Callable[[], None], *, now: datetime) -> bool:
    """Make a part of a comparison; returns whether the provider could be read to the end."""
    try:
        part()
    except ProviderError as error:
        differences.note(DifferenceSubject.LIST, name, f"they could not be read ({type(error).__name__})", now=now)
        return False
    differences.settle(DifferenceSubject.LIST, name, now=now)
    return True


# ---------------------------------------------------------------- what has moved


def _read_movements(run: Reconciliation, since: datetime, *, now: datetime) -> None:
    """Read the movements from a moment to now, and move the mark ahead with each part that has been read."""
    start, end = since, now + timedelta(seconds=1)
    while start < end:
        until = min(start + STEP, end)
        listed = gateway().movements(start, until)
        while page := list(islice(listed, PAGE)):
            _take_page(run, page)
        _report_missing(start - SETTLES_WITHIN, min(until, now - SETTLES_WITHIN), now=now)
        run.mark = min(until, now)
        run.save()
        start = until


def _take_page(run: Reconciliation, page: list[Answer]) -> None:
    run.looked_at += len(page)
    unread = movements.unread([str(move.get("id")) for move in page])
    for move in page:
        if str(move.get("id")) in unread:
            now = clock.now()  # the month in which a long comparison began may be closed
            try:
                take(move, run.repaired, now=now)
            except Exception as error:  # one movement that makes no sense must not hide the others
                log.exception("reconciliation: movement %s can't be read", move.get("id"))
                text = f"it could not be read ({type(error).__name__})"
                differences.note(DifferenceSubject.MOVEMENT, str(move.get("id"))[:255], text, now=now)


def _report_missing(start: datetime, end: datetime, *, now: datetime) -> None:
    for entry in movements.missing(start, end).iterator():
        text = f"the provider has not moved what is booked as {entry.kind}"
        differences.note(DifferenceSubject.ENTRY, str(entry.pk), text, about=entry.source, now=now)


# ---------------------------------------------------------------- what has not moved yet


def _read_intents(run: Reconciliation, since: datetime, *, now: datetime) -> None:
    for intent in gateway().intents_since(since):
        run.looked_at += 1
        _judge(run, DifferenceSubject.INTENT, intent, now=now)


def _read_disputes(run: Reconciliation, *, now: datetime) -> None:
    # A lost event of a dispute, also of a late decision or appeal, is made up for here.
    for dispute in gateway().disputes_since(now - DISPUTES_CHANGE_WITHIN):
        run.looked_at += 1
        _judge(run, DifferenceSubject.DISPUTE, dispute, now=now)


def _judge(run: Reconciliation, subject: DifferenceSubject, thing: Answer, *, now: datetime) -> None:
    """Apply an object's present state, and note or close a difference about it."""
    reference = str(thing.get("id"))
    try:
        changed = APPLIED[subject](thing, now)
        text = DIFFERING[subject](thing)
    except Exception as error:  # one object that can't be applied must not hide the others
        log.exception("reconciliation: %s could not be applied", reference)
        changed, text = False, f"it could not be applied ({type(error).__name__})"
    if changed:
        run.repaired.append(f"{reference} is {thing.get('status')}")
    if text:
        differences.note(subject, reference, text, now=now)
    else:
        differences.settle(subject, reference, now=now)


def _intent_difference(intent: Answer) -> str:
    """Returns how an intent that moves nothing yet differs from our row, in words, or an empty text if they agree."""
    status = str(intent.get("status"))
    if status not in ("requires_capture", "processing"):
        return ""
    hold = Hold.objects.filter(reference=intent["id"]).first()
    if hold is None and not Attempt.objects.filter(reference=intent["id"]).exists():
        return UNKNOWN
    if hold is not None and status == "requires_capture" and hold.status not in (
        HoldStatus.AUTHORIZED, HoldStatus.CLOSING):  # fmt: skip
        return f"it still holds money, and our hold is {hold.status}"
    return ""


def _dispute_difference(dispute: Answer) -> str:
    return "" if Dispute.objects.filter(pk=dispute["id"]).exists() else "no payment of ours knows what it is about"


APPLIED: dict[DifferenceSubject, Callable[[Answer, datetime], bool]] = {
    DifferenceSubject.INTENT: lambda intent, now: apply_intent(intent, now=now, reason="reconciled"),
    DifferenceSubject.DISPUTE: lambda dispute, now: apply_dispute(dispute, now=now),
}
DIFFERING: dict[DifferenceSubject, Callable[[Answer], str]] = {
    DifferenceSubject.INTENT: _intent_difference,
    DifferenceSubject.DISPUTE: _dispute_difference,
}


# ---------------------------------------------------------------- payouts to our bank, and what is open


def _match_payouts(run: Reconciliation) -> None:
    """Follow payouts to our bank, and match each automatic one with its movements once the provider knows them all."""
    for payout in movements.payouts_under_way():
        now = clock.now()
        try:
            text = _match(run, payout, now=now)
        except Exception as error:  # one payout that can't be read must not hide the others
            log.exception("reconciliation: payout %s could not be matched", payout.reference)
            text = f"it could not be matched ({type(error).__name__})"
        if text:
            differences.note(DifferenceSubject.PAYOUT, payout.reference, text, now=now)
        else:
            differences.settle(DifferenceSubject.PAYOUT, payout.reference, now=now)


def _match(run: Reconciliation, payout: BankPayout, *, now: datetime) -> str:
    """Match a payout with its movements; returns how they don't add up to it, or an empty text."""
    answer = gateway().bank_payout(payout.reference)
    row = movements.take_payout(answer)
    if not row.automatic or row.matched_at is not None or answer.get("reconciliation_status") != "completed":
        return ""
    lines = list(gateway().movements_of(payout.reference))
    _take_page(run, lines)
    return movements.match(payout, lines, now=now)


def _look_again(run: Reconciliation, *, now: datetime) -> None:
    """Look at the open differences that were found before, and close those whose cause has gone."""
    found = Difference.objects.filter(status=DifferenceStatus.OPEN, found_at__lt=now, subject__in=AGAIN)
    for row in found.order_by("found_at")[:LOOKED_AGAIN_MAX]:
        try:
            AGAIN[DifferenceSubject(row.subject)](run, row.reference, clock.now())
        except Exception:  # it stays open, and the others are looked at
            log.exception("reconciliation: %s could not be looked at again", row.about)


def _entry_again(run: Reconciliation, reference: str, now: datetime) -> None:
    if not movements.unmoved(Entry.objects.filter(pk=reference)).exists():
        differences.settle(DifferenceSubject.ENTRY, reference, now=now)


AGAIN: dict[DifferenceSubject, Callable[[Reconciliation, str, datetime], None]] = {
    DifferenceSubject.MOVEMENT: lambda run, id, now: take(gateway().movement(id), run.repaired, now=now),
    DifferenceSubject.INTENT: lambda run, id, now: _judge(run, DifferenceSubject.INTENT, gateway().intent(id), now=now),
    DifferenceSubject.DISPUTE: lambda run, id, now: _judge(
        run, DifferenceSubject.DISPUTE, gateway().dispute(id), now=now
    ),
    DifferenceSubject.ENTRY: _entry_again,
}
