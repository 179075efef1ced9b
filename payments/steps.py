"""The steps of holds and attempts: what is to be done about each with the provider, by its state."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from notifications.events import recorded
from payments import attempts, errands, holds
from payments.gateway import Declined, Refused, Unreachable, enabled, gateway
from payments.intents import Intent, apply_intent
from payments.models import Attempt, Customer, Hold
from payments.states import AttemptKind, AttemptStatus, HoldStatus

log = logging.getLogger(__name__)

POLL_MAX = timedelta(hours=1)


@errands.errand("attempt", Attempt)
def step_attempt(attempt_id: UUID) -> None:
    """Do what is next about an attempt."""
    attempt = Attempt.objects.select_related("payment", "hold").filter(pk=attempt_id).first()
    if attempt is None or attempt.next_step_at is None or not enabled():
        return
    now = timezone.now()
    if attempt.status == AttemptStatus.SCHEDULED:
        if not _begin_scheduled(attempt, now=now):
            return
        attempt.refresh_from_db()
    try:
        intent = _about_attempt(attempt, now=now)
    except Unreachable as error:
        errands.retry_later(attempt, error, now)
        return
    if intent is not None:
        apply_intent(intent, now=now)


def _begin_scheduled(attempt: Attempt, *, now: datetime) -> bool:
    """Its time has come: charge the card that the user has now."""
    with recorded() as outbox:
        _, locked = attempts.lock(attempt.pk)
        if locked.status != AttemptStatus.SCHEDULED:
            return False
        attempts.begin_scheduled(outbox, locked, off_session=True, now=now)
    return True


def _about_attempt(attempt: Attempt, *, now: datetime) -> Intent | None:
    """The intent after the call that is due, or None where there is nothing more to apply. Raises `Unreachable`."""
    if attempt.status == AttemptStatus.PLANNED:
        return _capture(attempt, now=now) if attempt.kind == AttemptKind.CAPTURE else _charge(attempt, now=now)
    if attempt.status == AttemptStatus.CLOSING and not attempt.reference:
        _give_up(attempt, attempt.failure, now=now)
        return None
    if attempt.status == AttemptStatus.CLOSING:
        return _cancelled(f"close:{attempt.key}", attempt.reference)
    if attempt.status in (AttemptStatus.PROCESSING, AttemptStatus.REQUIRES_ACTION):
        _poll_again(attempt, now=now)
        return gateway().intent(attempt.reference)
    return None


def _poll_again(row: Attempt | Hold, *, now: datetime) -> None:
    """Events tell us what became of it; this is for those that get lost."""
    wait = min(POLL_MAX, max(attempts.POLL_FIRST, (now - row.created_at) / 2))
    type(row)._default_manager.filter(pk=row.pk, status=row.status).update(next_step_at=now + wait)


def _charge(attempt: Attempt, *, now: datetime) -> Intent | None:
    payment = attempt.payment
    customer = Customer.objects.get(user=payment.user_id)
    metadata = {"key": attempt.key, "paymentId": str(payment.pk), "rideId": str(payment.ride_id)}
    return _created(
        attempt,
        customer,
        now=now,
        card=attempt.card_reference,
        amount=attempt.amount,
        currency=payment.currency,
        hold=False,
        off_session=attempt.off_session,
        metadata=metadata,
        group=str(payment.ride_id),
    )


def _created(row: Attempt | Hold, customer: Customer, *, now: datetime, **what: Any) -> Intent | None:
    """The intent that stands for a row: made under its key, or found where the key can't be used any more."""
    provider = gateway()
    try:
        if errands.outlived(row, now):
            found = provider.find_intent(customer=customer.reference, key=row.key)
            if found is not None:
                return found
        return provider.create_intent(row.key, customer=customer.reference, **what)
    except Declined as declined:
        if declined.object is not None:
            return declined.object
        _give_up(row, declined.code, now=now)
    except Refused as refused:
        log.error("%s %s was refused: %s", row._meta.model_name, row.pk, refused.code)
        _give_up(row, f"refused: {refused.code}", now=now)
    except Unreachable as error:
        if not error.spoilt:
            raise
        found = provider.find_intent(customer=customer.reference, key=row.key)
        if found is not None:
            return found
        errands.use_another_key(row, now)
    return None


def _give_up(row: Attempt | Hold, failure: str, *, now: datetime) -> None:
    """There is no intent, and there will be none."""
    with recorded() as outbox:
        if isinstance(row, Attempt):
            _, attempt = attempts.lock(row.pk)
            if attempt.status in (AttemptStatus.PLANNED, AttemptStatus.CLOSING):
                attempts.decline(outbox, attempt, failure=failure, now=now)
            return
        hold = Hold.objects.select_for_update().get(pk=row.pk)
        if hold.status == HoldStatus.PLANNED:
            holds.move(hold, HoldStatus.DECLINED, now=now, reason=failure, failure=failure[:100], next_step_at=None)


def _capture(attempt: Attempt, *, now: datetime) -> Intent:
    hold = attempt.hold
    if hold is None:
        raise RuntimeError("A capture has a hold, by constraint.")
    provider = gateway()
    try:
        return provider.capture(attempt.key, hold.reference, amount=attempt.amount)
    except Refused as refused:  # captured already, or gone: the intent says which
        log.warning("capture %s was refused: %s", attempt.pk, refused.code)
    except Unreachable as error:
        if not error.spoilt:
            raise
        errands.use_another_key(attempt, now)
    return provider.intent(hold.reference)


def _cancelled(key: str, reference: str) -> Intent:
    """The intent after its cancellation, or as it is where it can't be cancelled any more."""
    try:
        return gateway().cancel(key, reference)
    except Refused:
        pass
    except Unreachable as error:
        if not error.spoilt:
            raise
    return gateway().intent(reference)


# ---------------------------------------------------------------- holds


@errands.errand("hold", Hold)
def step_hold(hold_id: UUID) -> None:
    """Do what is next about a hold."""
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None or hold.next_step_at is None or not enabled():
        return
    now = timezone.now()
    try:
        intent = _about_hold(hold, now=now)
    except Unreachable as error:
        errands.retry_later(hold, error, now)
        return
    if intent is not None:
        apply_intent(intent, now=now)


def _about_hold(hold: Hold, *, now: datetime) -> Intent | None:
    if hold.status == HoldStatus.PLANNED:
        customer = Customer.objects.get(user=hold.user_id)
        return _created(
            hold,
            customer,
            now=now,
            card=hold.card_reference,
            amount=hold.amount,
            currency=hold.currency,
            hold=True,
            off_session=hold.off_session,
            metadata={"key": hold.key, "requestId": str(hold.request_id)},
            group=str(hold.request_id),
        )
    if hold.status == HoldStatus.CLOSING:
        return _cancelled(f"close:{hold.key}", hold.reference)
    if hold.status == HoldStatus.REQUIRES_ACTION:
        _poll_again(hold, now=now)
        return gateway().intent(hold.reference)
    return None
