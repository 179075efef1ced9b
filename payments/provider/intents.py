"""Applying the provider's view of an intent to our hold or attempt: forward only, from every source.

The answer to a call, an object fetched because of an event, a poll and the reconciler all use these functions, in any
order and any number of times.
"""

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from notifications.events import Outbox, recorded
from payments.books import attempts, holds
from payments.books.status import derive
from payments.models import Attempt, Hold, Payment
from payments.states import AttemptStatus, HoldStatus

log = logging.getLogger(__name__)

Intent = dict[str, Any]


def apply_intent(intent: Intent, *, now: datetime, reason: str = "") -> bool:
    """Apply an intent's present state; returns whether that changed anything. Not inside a transaction."""
    reason = reason or str(intent.get("status", ""))
    if hold := _ours(Hold, intent):
        return _apply_to_hold(hold, intent, now=now, reason=reason)
    if attempt := _ours(Attempt, intent):
        with recorded() as outbox:
            return _apply_to_attempt(outbox, attempt.pk, intent, now=now, reason=reason)
    return False


def _ours(model: type[Any], intent: Intent) -> Any:
    """Returns our row behind an intent: by the key in its metadata (before its id is known to us), or by its id."""
    metadata = intent.get("metadata")
    key = metadata.get("key") if isinstance(metadata, dict) else None
    rows = model._default_manager
    if isinstance(key, str) and key and (row := rows.filter(key=key).first()):
        return row
    reference = intent.get("id")
    return rows.filter(reference=reference).first() if isinstance(reference, str) and reference else None


def failure_in(intent: Intent) -> str:
    """Returns the code of an intent's last failure."""
    error = intent.get("last_payment_error")
    error = error if isinstance(error, dict) else {}
    return str(error.get("decline_code") or error.get("code") or "declined")


def _needs_holder(intent: Intent) -> bool:
    """Whether the bank has declined only because the card's holder was away: they can still confirm the intent."""
    return intent.get("status") == "requires_payment_method" and failure_in(intent) == "authentication_required"


# ---------------------------------------------------------------- attempts


def _apply_to_attempt(outbox: Outbox, attempt_id: UUID, intent: Intent, *, now: datetime, reason: str) -> bool:
    _, attempt = attempts.lock(attempt_id)
    before = attempt.status
    if before in (AttemptStatus.SUCCEEDED, AttemptStatus.DECLINED):
        return False
    if not attempt.reference:
        attempt.reference = str(intent["id"])[:255]
        attempt.save(update_fields=["reference"])
    status = intent.get("status")
    if status == "succeeded":
        _succeeded(outbox, attempt, intent, now=now, reason=reason)
    elif status == "canceled":
        attempts.decline(outbox, attempt, failure=attempt.failure or "canceled", now=now)
    elif before == AttemptStatus.CLOSING:
        return False  # the closing goes on
    elif status == "requires_action" or _needs_holder(intent):
        _progress(outbox, attempt, AttemptStatus.REQUIRES_ACTION, now=now, reason=reason)
    elif status == "processing":
        _progress(outbox, attempt, AttemptStatus.PROCESSING, now=now, reason=reason)
    elif status == "requires_payment_method":
        attempts.close(attempt, failure=failure_in(intent), now=now)
        derive(outbox, attempt.payment, now=now, reason=reason)
    return attempt.status != before


def _progress(outbox: Outbox, attempt: Attempt, status: AttemptStatus, *, now: datetime, reason: str) -> None:
    if attempt.graph.allows(attempt.status, status):
        attempt.move(status, actor=None, at=now, reason=reason, next_step_at=now + attempts.POLL_FIRST)
        derive(outbox, attempt.payment, now=now, reason=reason)


def _succeeded(outbox: Outbox, attempt: Attempt, intent: Intent, *, now: datetime, reason: str) -> None:
    if intent.get("amount_received") != attempt.amount or intent.get("currency") != attempt.payment.currency:
        log.error("intent %s took another amount than attempt %s", intent.get("id"), attempt.pk)
        return
    attempts.succeed(outbox, attempt, now=now, reason=reason)


def apply_foreign_intent(outbox: Outbox, payment: Payment, intent: Intent, *, now: datetime, reason: str) -> bool:
    """Apply an intent for a locked payment that was made outside of this program; returns whether anything changed.

    It becomes an attempt if nothing else collects for this payment.
    """
    reference = str(intent.get("id") or "")[:255]
    attempt = Attempt.objects.filter(reference=reference, payment=payment).first() if reference else None
    if attempt is None:
        if payment.collecting_amount or not payment.amount:
            return False
        attempt = attempts.adopt(payment, reference, now=now)
    attempt.payment = payment
    status = {"succeeded": AttemptStatus.SUCCEEDED, "processing": AttemptStatus.PROCESSING,
              "requires_action": AttemptStatus.REQUIRES_ACTION}.get(str(intent.get("status")))  # fmt: skip
    if status is None and attempt.graph.allows(attempt.status, AttemptStatus.DECLINED):
        attempts.decline(outbox, attempt, failure=failure_in(intent), now=now, reason=reason)
    elif status is not None and attempt.graph.allows(attempt.status, status):
        if status == AttemptStatus.SUCCEEDED:
            attempts.succeed(outbox, attempt, now=now, reason=reason)
        else:
            attempts.reopen(outbox, attempt, status, now=now, reason=reason)
    else:
        return False
    return True


# ---------------------------------------------------------------- holds


def _apply_to_hold(found: Hold, intent: Intent, *, now: datetime, reason: str) -> bool:
    with recorded() as outbox:
        capture = Attempt.objects.filter(hold=found).first()
        if capture is not None:
            _, capture = attempts.lock(capture.pk)
        hold = Hold.objects.select_for_update(no_key=True).get(pk=found.pk)
        before = hold.status
        if not hold.graph.edges.get(before):
            return False
        if not hold.reference:
            hold.reference = str(intent["id"])[:255]
            hold.save(update_fields=["reference"])
        _move_hold(outbox, hold, capture, intent, now=now, reason=reason)
        return hold.status != before


def _move_hold(
    outbox: Outbox, hold: Hold, capture: Attempt | None, intent: Intent, *, now: datetime, reason: str
) -> None:
    status = intent.get("status")
    if status == "succeeded":
        _captured(outbox, hold, capture, intent, now=now, reason=reason)
    elif status == "canceled":
        _hold_gone(outbox, hold, capture, intent, now=now)
    elif hold.status in (HoldStatus.CLOSING, HoldStatus.AUTHORIZED):
        return
    elif status == "requires_capture":
        _authorized(hold, intent, now=now, reason=reason)
    elif hold.unwanted and (status == "requires_action" or _needs_holder(intent)):
        holds.close(hold, failure="", now=now)
    elif hold.status == HoldStatus.REQUIRES_ACTION and _needs_holder(intent):
        return  # they still may
    elif hold.status == HoldStatus.PLANNED and (
        status == "requires_action" or (hold.for_booking and _needs_holder(intent))
    ):
        holds.move(
            hold,
            HoldStatus.REQUIRES_ACTION,
            now=now,
            reason=reason,
            confirm_by=now + holds.CONFIRM_WITHIN,
            next_step_at=now + attempts.POLL_FIRST,
        )
    elif status == "requires_payment_method":
        holds.close(hold, failure=failure_in(intent), now=now)


def _authorized(hold: Hold, intent: Intent, *, now: datetime, reason: str) -> None:
    if intent.get("amount_capturable") != hold.amount or intent.get("currency") != hold.currency:
        log.error("intent %s holds another amount than hold %s", intent.get("id"), hold.pk)
        return
    changes = {"expires_at": _expiry(intent, now), "next_step_at": None}
    holds.move(hold, HoldStatus.AUTHORIZED, now=now, reason=reason, **changes)
    if hold.unwanted:
        holds.close(hold, failure="", now=now)


def _expiry(intent: Intent, now: datetime) -> datetime:
    charge = intent.get("latest_charge")
    details = (charge.get("payment_method_details") or {}) if isinstance(charge, dict) else {}
    moment = (details.get("card") or {}).get("capture_before")
    return datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else now + holds.EXPIRES_AFTER


def _captured(
    outbox: Outbox, hold: Hold, capture: Attempt | None, intent: Intent, *, now: datetime, reason: str
) -> None:
    if capture is None:
        log.error("intent %s was captured, and hold %s was not to be", intent.get("id"), hold.pk)
        return
    if capture.status in (AttemptStatus.PLANNED, AttemptStatus.CLOSING):
        _succeeded(outbox, capture, intent, now=now, reason=reason)
    if hold.graph.allows(hold.status, HoldStatus.CAPTURED) and capture.status == AttemptStatus.SUCCEEDED:
        holds.move(hold, HoldStatus.CAPTURED, now=now, reason=reason, next_step_at=None)


def _hold_gone(outbox: Outbox, hold: Hold, capture: Attempt | None, intent: Intent, *, now: datetime) -> None:
    final = HoldStatus.RELEASED
    if hold.failure:
        final = HoldStatus.DECLINED
    elif intent.get("cancellation_reason") == "automatic" or _is(capture, AttemptStatus.PLANNED):
        final = HoldStatus.EXPIRED
    if hold.graph.allows(hold.status, final):
        holds.move(hold, final, now=now, reason=hold.failure or str(final), next_step_at=None)
    elif hold.graph.allows(hold.status, HoldStatus.RELEASED):
        holds.move(hold, HoldStatus.RELEASED, now=now, reason="canceled", next_step_at=None)
    if capture is not None and _is(capture, AttemptStatus.PLANNED, AttemptStatus.CLOSING):
        attempts.decline(outbox, capture, failure=capture.failure or attempts.HOLD_LOST, now=now)


def _is(capture: Attempt | None, *statuses: AttemptStatus) -> bool:
    return capture is not None and capture.status in statuses
