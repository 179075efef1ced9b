"""Comparing our payments with the provider's list, in case events and answers were lost.

A change that we missed is applied, as an event would be. A difference that can't be repaired is reported to staff.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from core import clock
from core.database import broken_constraint
from payments.books.disputes import apply_dispute
from payments.configuration import enabled
from payments.models import Attempt, Dispute, Hold, Reconciliation, Refund
from payments.provider.gateway import gateway
from payments.provider.intents import Intent, apply_intent
from payments.provider.refunds import apply_refund
from payments.states import AttemptStatus, HoldStatus, RefundStatus

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=3)
REFUNDS_FAIL_WITHIN = timedelta(days=30)  # the time within which a bank may return one
DISPUTES_CHANGE_WITHIN = timedelta(days=180)  # a bank decides within about 75 days, and appeals follow
TAKEN_OVER_AFTER = timedelta(hours=1)  # a comparison that takes longer has died
SETTLES_WITHIN = timedelta(minutes=15)  # anything younger may still be on its way


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
    return _compare(run, moment - LOOK_BACK, now=moment)


def reconcile(since: datetime, *, now: datetime) -> Reconciliation:
    """Compare everything made since a moment, apply missed changes, and report the rest. Not in a transaction."""
    return _compare(Reconciliation.objects.create(started_at=now), since, now=now)


def _compare(run: Reconciliation, since: datetime, *, now: datetime) -> Reconciliation:
    seen: set[str] = set()
    if enabled():
        for intent in gateway().intents_since(since):
            seen.add(str(intent["id"]))
            _judge(run, intent, _apply_intent, _intent_difference, now=now)
        for refund in gateway().refunds_since(since - REFUNDS_FAIL_WITHIN):
            seen.add(str(refund["id"]))
            _judge(run, refund, apply_refund, _refund_difference, now=now)
        # A lost event of a dispute, also of a late decision or appeal, is made up for here.
        for dispute in gateway().disputes_since(since - DISPUTES_CHANGE_WITHIN):
            _judge(run, dispute, apply_dispute, _dispute_difference, now=now)
        run.differences += _missing(since, now, seen)
    run.finished_at = clock.now()
    run.save()
    for difference in run.differences:
        log.error("reconciliation: %s", difference)
    return run


def _judge(
    run: Reconciliation,
    thing: Intent,
    apply: Callable[..., bool],
    difference: Callable[[Intent], str],
    *,
    now: datetime,
) -> None:
    run.looked_at += 1
    try:
        changed = apply(thing, now=now)
    except Exception as error:  # one object that can't be applied must not hide the others
        log.exception("reconciliation: %s could not be applied", thing["id"])
        run.differences.append(f"{thing['id']}: it could not be applied ({type(error).__name__})")
        return
    if changed:
        run.repaired.append(f"{thing['id']} is {thing.get('status')}")
    elif found := difference(thing):
        run.differences.append(f"{thing['id']}: {found}")


def _apply_intent(intent: Intent, *, now: datetime) -> bool:
    return apply_intent(intent, now=now, reason="reconciled")


def _intent_difference(intent: Intent) -> str:
    """Returns how an intent and our row still differ, in words, or an empty text if they agree."""
    hold = Hold.objects.filter(reference=intent["id"]).first()
    attempt = Attempt.objects.filter(reference=intent["id"]).first()
    status = str(intent.get("status"))
    if hold is None and attempt is None:
        return "no row of ours knows it" if status in ("succeeded", "requires_capture", "processing") else ""
    collected = attempt.amount if attempt is not None and attempt.status == AttemptStatus.SUCCEEDED else 0
    if int(intent.get("amount_received") or 0) != collected:
        return f"it took {intent.get('amount_received')}, and we know of {collected}"
    if hold is not None and status == "requires_capture" and hold.status not in (
        HoldStatus.AUTHORIZED, HoldStatus.CLOSING):  # fmt: skip
        return f"it still holds money, and our hold is {hold.status}"
    return ""


def _refund_difference(refund: Intent) -> str:
    ours = Refund.objects.filter(reference=refund["id"]).first()
    if refund.get("status") in ("failed", "canceled"):
        return ""
    if ours is None:
        return "no refund of ours knows it"
    known = ours.amount if ours.status != RefundStatus.FAILED else 0
    return f"it gave back {refund.get('amount')}, and we know of {known}" if known != refund.get("amount") else ""


def _dispute_difference(dispute: Intent) -> str:
    return "" if Dispute.objects.filter(pk=dispute["id"]).exists() else "no payment of ours knows what it is about"


def _missing(since: datetime, now: datetime, seen: set[str]) -> list[str]:
    """Returns the attempts and refunds that succeeded here and that the provider does not list."""
    attempts = Attempt.objects.filter(
        status=AttemptStatus.SUCCEEDED, created_at__range=(since + SETTLES_WITHIN, now)
    ).exclude(reference="")
    refunds = Refund.objects.filter(
        status=RefundStatus.SUCCEEDED, created_at__range=(since + SETTLES_WITHIN, now)
    ).exclude(reference="")
    return [
        f"{row.reference}: the provider does not list it"
        for rows in (attempts, refunds)
        for row in rows.iterator()
        if row.reference not in seen
    ]
