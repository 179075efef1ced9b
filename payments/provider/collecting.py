"""The steps of holds and attempts: the call that is due for each, by its state."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import clock
from notifications.events import recorded
from payments.books import attempts, holds
from payments.books.status import derive
from payments.configuration import enabled
from payments.models import Attempt, Customer, Hold
from payments.operations import retry_later
from payments.provider import parameters
from payments.provider.call import parameters_of, provider_call, replace_key
from payments.provider.gateway import Declined, ProviderError, Refused, gateway
from payments.provider.intents import Intent, apply_intent
from payments.states import AttemptKind, AttemptStatus, HoldStatus

log = logging.getLogger(__name__)

POLL_MAX = timedelta(hours=1)
ENDED = ("succeeded", "canceled")  # an intent that is over
WAITING = ("planned", "closing")  # a hold or attempt that waits for nothing but an answer


def step_attempt(attempt_id: UUID) -> None:
    """Make the call that is due for an attempt, and apply the answer."""
    attempt = Attempt.objects.select_related("payment", "hold").filter(pk=attempt_id).first()
    if attempt is None or attempt.next_step_at is None or not enabled():
        return
    now = clock.now()
    if attempt.status == AttemptStatus.SCHEDULED:
        if not _begin_scheduled(attempt, now=now):
            return
        attempt.refresh_from_db()
    _apply(attempt, _intent_of_attempt, now=now)


def _apply(row: Attempt | Hold, ask: Callable[..., Intent | None], *, now: datetime) -> None:
    """Make the call that is due for a row, and apply its answer; one that leaves the row waiting is asked for again."""
    try:
        intent = ask(row, now=now)
    except ProviderError as error:
        retry_later(row, error, now)
        return
    if intent is None or apply_intent(intent, now=now) or row.status not in WAITING:
        return
    if type(row)._default_manager.filter(pk=row.pk, status=row.status).exists():
        retry_later(row, f"its intent is {intent.get('status')}", now)


def _begin_scheduled(attempt: Attempt, *, now: datetime) -> bool:
    """Start a scheduled attempt with the card that the user has now; returns False if it is not scheduled any more."""
    with recorded() as outbox:
        _, locked = attempts.lock(attempt.pk)
        if locked.status != AttemptStatus.SCHEDULED:
            return False
        attempts.begin_scheduled(outbox, locked, off_session=True, now=now)
    return True


def _intent_of_attempt(attempt: Attempt, *, now: datetime) -> Intent | None:
    """Returns the intent after the call that is due, or None if there is nothing to apply. Raises `ProviderError`."""
    if attempt.status == AttemptStatus.PLANNED:
        return _capture(attempt, now=now) if attempt.kind == AttemptKind.CAPTURE else _charge(attempt, now=now)
    if attempt.status == AttemptStatus.CLOSING and not attempt.reference:
        _give_up(attempt, attempt.failure, now=now)
        return None
    if attempt.status == AttemptStatus.CLOSING:
        return _cancelled(attempt, now=now)
    if attempt.status in (AttemptStatus.PROCESSING, AttemptStatus.REQUIRES_ACTION):
        _poll_again(attempt, now=now)
        return gateway().intent(attempt.reference)
    return None


def _poll_again(row: Attempt | Hold, *, now: datetime) -> None:
    """Plan to ask for the intent's state, in case its events get lost."""
    wait = min(POLL_MAX, max(attempts.POLL_FIRST, (now - row.created_at) / 2))
    type(row)._default_manager.filter(pk=row.pk, status=row.status).update(next_step_at=now + wait)


def _charge(attempt: Attempt, *, now: datetime) -> Intent | None:
    payment = attempt.payment
    customer = Customer.objects.get(user=payment.user_id)
    return _created(
        attempt,
        customer,
        now=now,
        card=attempt.card_reference,
        amount=attempt.amount,
        currency=payment.currency,
        hold=False,
        off_session=attempt.off_session,
        metadata={"paymentId": str(payment.pk), "rideId": str(payment.ride_id)},
        group=str(payment.ride_id),
    )


def _created(
    row: Attempt | Hold, customer: Customer, *, now: datetime, metadata: dict[str, str], **details: Any
) -> Intent | None:
    """Returns the intent that stands for a row, or None if the row was given up or has another key."""
    reference = customer.reference
    params = parameters_of(row, lambda: parameters.of_intent(customer=reference, metadata=metadata, **details))
    try:
        return provider_call(
            row,
            lambda key: gateway().create_intent(key, params),
            lambda key: gateway().find_intent(customer=reference, key=key),
            now=now,
        )
    except Declined as declined:
        if declined.object is not None:
            return declined.object
        _give_up(row, declined.code, now=now)
    except Refused as refused:
        log.error("%s %s was refused: %s", row._meta.model_name, row.pk, refused.code)
        _give_up(row, f"refused: {refused.code}", now=now)
    return None


def _give_up(row: Attempt | Hold, failure: str, *, now: datetime) -> None:
    """Decline a row that has no intent with the provider and will get none."""
    with recorded() as outbox:
        if isinstance(row, Attempt):
            _, attempt = attempts.lock(row.pk)
            if attempt.status in (AttemptStatus.PLANNED, AttemptStatus.CLOSING):
                attempts.decline(outbox, attempt, failure=failure, now=now)
            return
        hold = Hold.objects.select_for_update(no_key=True).get(pk=row.pk)
        if hold.status == HoldStatus.PLANNED:
            holds.move(hold, HoldStatus.DECLINED, now=now, reason=failure, failure=failure[:100], next_step_at=None)


def _capture(attempt: Attempt, *, now: datetime) -> Intent | None:
    hold = attempt.hold
    if hold is None:
        raise RuntimeError("A capture has a hold, by constraint.")
    reference = hold.reference

    def changed(key: str) -> Intent | None:
        intent = gateway().intent(reference)
        return None if intent.get("status") == "requires_capture" else intent

    params = parameters_of(attempt, lambda: parameters.of_capture(amount=attempt.amount))
    try:
        return provider_call(attempt, lambda key: gateway().capture(key, reference, params), changed, now=now)
    except (Refused, Declined) as refused:
        failure = refused.code
    # Captured already, or gone: the intent says which. One that is neither can't be captured, so the card is charged
    # once the provider has closed it.
    intent = gateway().intent(reference)
    if intent.get("status") in (*ENDED, "processing"):
        return intent
    log.warning("capture %s was refused: %s", attempt.pk, failure)
    with recorded() as outbox:
        payment, locked = attempts.lock(attempt.pk)
        if locked.status == AttemptStatus.PLANNED:
            attempts.close(locked, failure=failure, now=now)
            derive(outbox, payment, now=now, reason=failure)
    return None


def _cancelled(row: Attempt | Hold, *, now: datetime) -> Intent | None:
    """Returns the intent after its cancellation, or as it is if it can't be cancelled any more."""
    reference = row.reference

    def closed(key: str) -> Intent | None:
        intent = gateway().intent(reference)
        return intent if intent.get("status") in ENDED else None

    try:
        return provider_call(row, lambda key: gateway().cancel(f"close:{key}", reference), closed, now=now)
    except (Refused, Declined) as refused:
        # The provider would repeat this answer for as long as it remembers the key.
        replace_key(row, now)
        retry_later(row, f"not closed: {refused.code}", now)
    return None


# ---------------------------------------------------------------- holds


def step_hold(hold_id: UUID) -> None:
    """Make the call that is due for a hold, and apply the answer."""
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None or hold.next_step_at is None or not enabled():
        return
    now = clock.now()
    _apply(hold, _intent_of_hold, now=now)


def _intent_of_hold(hold: Hold, *, now: datetime) -> Intent | None:
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
            metadata={"requestId": str(hold.request_id)},
            group=str(hold.request_id),
        )
    if hold.status == HoldStatus.CLOSING:
        return _cancelled(hold, now=now)
    if hold.status == HoldStatus.REQUIRES_ACTION:
        _poll_again(hold, now=now)
        return gateway().intent(hold.reference)
    return None
