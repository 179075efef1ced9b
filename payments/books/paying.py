"""Paying an open payment while its user is there."""

from datetime import datetime

from notifications.events import Outbox
from payments.books import attempts
from payments.books.status import derive
from payments.models import Attempt, Payment
from payments.operations import enqueue_on_commit
from payments.states import OPEN_ATTEMPTS, UNPAID, AttemptKind, AttemptStatus


def pay(outbox: Outbox, payment: Payment, *, now: datetime) -> None:
    """Collect what is open of a locked payment from the user's credit, and charge the rest to their present card."""
    locked = payment.attempts.select_for_update(no_key=True)
    for attempt in locked.filter(status__in=OPEN_ATTEMPTS, kind=AttemptKind.CHARGE):
        attempt.payment = payment
        _bring_forward(outbox, attempt, now=now)
    if payment.status in UNPAID:
        attempts.spend_credit(outbox, payment, now=now)
        attempts.charge(payment, now=now, off_session=False)
        derive(outbox, payment, now=now, reason="the user pays now")


def _bring_forward(outbox: Outbox, attempt: Attempt, *, now: datetime) -> None:
    if attempt.status == AttemptStatus.SCHEDULED:
        attempts.begin_scheduled(outbox, attempt, off_session=False, now=now)
        enqueue_on_commit(attempt)
    elif attempt.status == AttemptStatus.REQUIRES_ACTION:
        # Closed with the provider first: until then its user could still confirm it, and pay twice.
        attempts.close(attempt, failure=attempts.CARD_REPLACED, now=now)
