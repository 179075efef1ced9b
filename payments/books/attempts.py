"""Collecting what is owed: planning attempts, and recording their outcomes."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from accounts.models import User
from core.currencies import currency_of
from notifications.events import Outbox
from payments.books import credits, payouts
from payments.books.ledger import book
from payments.books.splitting import split
from payments.books.status import derive, reminder_after
from payments.configuration import enabled
from payments.models import Attempt, Credit, Customer, Hold, Payment
from payments.models.ledger import EntryKind
from payments.operations import enqueue_on_commit, operation_key
from payments.states import OPEN_ATTEMPTS, AttemptKind, AttemptStatus, HoldStatus, PaymentKind, PaymentStatus

RETRIED = {"insufficient_funds", "try_again_later", "processing_error", "withdrawal_count_limit_exceeded"}
CARD_REPLACED = "card_replaced"
HOLD_LOST = "hold_lost"
POLL_FIRST = timedelta(minutes=2)  # the wait for an event before the provider is asked for an intent's state


def collect(outbox: Outbox, payment: Payment, *, request_id: UUID | None, off_session: bool, now: datetime) -> None:
    """Collect a new payment from credit, then plan to: from the holds of its request, then from the card.

    Call it inside `recorded`. The rest stays due if there is no provider or no card.
    """
    spend_credit(outbox, payment, now=now)
    if not enabled():
        return
    rest = payment.amount - payment.collecting_amount
    if request_id is not None:
        held = Hold.objects.select_for_update(no_key=True).filter(
            request=request_id, status=HoldStatus.AUTHORIZED, currency=payment.currency, unwanted=False
        )
        holds = list(held.order_by("number"))
        parts, rest = split(rest, [hold.amount for hold in holds], currency_of(payment.currency))
        for hold, part in zip(holds, parts, strict=True):
            if part:
                _plan(payment, AttemptKind.CAPTURE, part, now=now, hold=hold)
    if rest:
        charge(payment, now=now, off_session=off_session)
    derive(outbox, payment, now=now, reason="collecting")
    if payment.status == PaymentStatus.DUE:  # there is no card to charge
        payment.reminder_due_at = now + reminder_after(0)
        payment.save(update_fields=["reminder_due_at"])


def spend_credit(outbox: Outbox, payment: Payment, *, now: datetime) -> None:
    """Collect what the user's credit pays of a locked payment."""
    for credit, amount in credits.take(payment, now=now):
        attempt = _plan(payment, AttemptKind.CREDIT, amount, now=now, ours=False, credit=credit)
        payment.credit_amount += amount
        payment.save(update_fields=["credit_amount"])
        succeed(outbox, attempt, now=now, reason="paid with credit")


def charge(payment: Payment, *, now: datetime, off_session: bool, after: timedelta | None = None) -> Attempt | None:
    """Plan to charge the rest of a locked payment to the user's card.

    Returns None if there is no card or no rest, or if the provider would not take a charge of the rest.
    """
    customer = Customer.objects.filter(user=payment.user_id).exclude(card_reference="").first()
    rest = payment.amount - payment.collecting_amount
    if customer is None or not currency_of(payment.currency).chargeable(rest):
        return None
    attempt = _plan(payment, AttemptKind.CHARGE, rest, now=now, card=customer, off_session=off_session)
    if after is not None:
        attempt.move(AttemptStatus.SCHEDULED, actor=None, at=now, next_step_at=now + after)
    return attempt


def _plan(
    payment: Payment,
    kind: AttemptKind,
    amount: int,
    *,
    now: datetime,
    hold: Hold | None = None,
    credit: Credit | None = None,
    card: Customer | Hold | None = None,
    off_session: bool = True,
    ours: bool = True,
) -> Attempt:
    shown = hold or card
    number = payment.attempts.count() + 1
    attempt = Attempt(
        payment=payment,
        kind=kind,
        hold=hold,
        credit=credit,
        number=number,
        amount=amount,
        off_session=off_session,
        key=operation_key(kind, payment.pk, number),
        reference=hold.reference if hold else "",
        card_reference=shown.card_reference if shown else "",
        card_brand=shown.card_brand if shown else "",
        card_last4=shown.card_last4 if shown else "",
        next_step_at=now if ours else None,
        created_at=now,
    )
    attempt.create(actor=None, at=now)
    _reserve(payment, amount)
    if ours:
        enqueue_on_commit(attempt)
    return attempt


def _reserve(payment: Payment, amount: int) -> None:
    """Count an amount as being collected. The database rejects more than is owed."""
    payment.collecting_amount += amount
    payment.save(update_fields=["collecting_amount"])


def lock(attempt_id: UUID) -> tuple[Payment, Attempt]:
    """Lock a payment, then one of its attempts, and return both."""
    payment_id = Attempt.objects.values_list("payment_id", flat=True).get(pk=attempt_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id)
    attempt.payment = payment
    return payment, attempt


def begin_scheduled(outbox: Outbox, attempt: Attempt, *, off_session: bool, now: datetime) -> None:
    """Start a locked attempt whose time has come, with the card that the user has now."""
    customer = Customer.objects.get(user=attempt.payment.user_id)
    attempt.move(
        AttemptStatus.PLANNED,
        actor=None,
        at=now,
        reason="its time has come" if off_session else "the user pays now",
        off_session=off_session,
        card_reference=customer.card_reference,
        card_brand=customer.card_brand,
        card_last4=customer.card_last4,
        next_step_at=now,
    )
    derive(outbox, attempt.payment, now=now, reason="tried again")


# ---------------------------------------------------------------- outcomes


def succeed(outbox: Outbox, attempt: Attempt, *, now: datetime, reason: str, actor: User | None = None) -> None:
    """Record that the money was collected: book it, and plan the payout if all of the payment is there."""
    payment = attempt.payment
    was_open = attempt.status in OPEN_ATTEMPTS
    attempt.move(AttemptStatus.SUCCEEDED, actor=actor, at=now, reason=reason, failure="", next_step_at=None)
    if not was_open:
        _reserve(payment, attempt.amount)
    book(EntryKind.COLLECTED, str(attempt.pk), payment, attempt.amount, now=now, way=attempt.kind)
    if payment.written_off:
        _recover(payment, attempt, now=now)
    derive(outbox, payment, now=now, reason=reason, actor=actor)
    payouts.plan(payment, now=now)


def _recover(payment: Payment, attempt: Attempt, *, now: datetime) -> None:
    """Book that a part of what was written off has come in all the same: what was still expected comes first."""
    taken = payment.attempts.filter(status=AttemptStatus.SUCCEEDED).aggregate(sum=Sum("amount"))["sum"]
    if (recovered := taken + payment.written_off - payment.amount) > 0:
        payment.written_off -= recovered
        payment.save(update_fields=["written_off"])
        book(EntryKind.RECOVERED, str(attempt.pk), payment, recovered, now=now)


def close(attempt: Attempt, *, failure: str, now: datetime) -> None:
    """Plan to close an attempt that was declined or withdrawn. It may succeed until the provider has closed it, too."""
    attempt.move(AttemptStatus.CLOSING, actor=None, at=now, reason=failure, failure=failure[:100], next_step_at=now)
    enqueue_on_commit(attempt)


def adopt(payment: Payment, reference: str, *, now: datetime) -> Attempt:
    """Record an intent for a locked payment that was made outside of this program."""
    attempt = _plan(payment, AttemptKind.CHARGE, payment.amount, now=now, ours=False)
    attempt.reference = reference
    attempt.save(update_fields=["reference"])
    return attempt


def reopen(outbox: Outbox, attempt: Attempt, status: AttemptStatus, *, now: datetime, reason: str) -> None:
    """Record the progress of an intent made outside of this program, also after a decline."""
    was_open = attempt.status in OPEN_ATTEMPTS
    attempt.move(status, actor=None, at=now, reason=reason)
    if not was_open:
        _reserve(attempt.payment, attempt.amount)
    derive(outbox, attempt.payment, now=now, reason=reason)


def decline(outbox: Outbox, attempt: Attempt, *, failure: str, now: datetime, reason: str = "") -> None:
    """Record that an attempt has failed for good, and plan another where that may help."""
    payment = attempt.payment
    failure = (failure or attempt.failure)[:100]
    was_open = attempt.status in OPEN_ATTEMPTS
    attempt.move(AttemptStatus.DECLINED, actor=None, at=now, reason=failure, failure=failure, next_step_at=None)
    if was_open:
        _reserve(payment, -attempt.amount)
    if enabled():
        _try_again(payment, attempt, now=now)
    derive(outbox, payment, now=now, reason=reason or failure)


def _try_again(payment: Payment, attempt: Attempt, *, now: datetime) -> None:
    if attempt.kind == AttemptKind.CAPTURE:
        charge(payment, now=now, off_session=True)
    elif attempt.failure == CARD_REPLACED:
        charge(payment, now=now, off_session=False)
    elif attempt.failure in RETRIED and payment.kind != PaymentKind.TIP:
        declines = payment.attempts.filter(kind=AttemptKind.CHARGE, status=AttemptStatus.DECLINED).count()
        waits = settings.PAYMENT_RETRIES_H
        if declines <= len(waits) and payment.given_up_at is None:
            charge(payment, now=now, off_session=True, after=timedelta(hours=waits[declines - 1]))


# ---------------------------------------------------------------- by staff


def withdraw_scheduled(outbox: Outbox, payment: Payment, *, now: datetime) -> bool:
    """Give up the attempt of a locked payment that waits for its time; returns whether there was one."""
    attempt = payment.attempts.select_for_update(no_key=True).filter(status=AttemptStatus.SCHEDULED).first()
    if attempt is None:
        return False
    attempt.payment = payment
    decline(outbox, attempt, failure="withdrawn", now=now)
    return True


def withdraw_waiting(outbox: Outbox, payment: Payment, *, now: datetime) -> bool:
    """Give up the attempts of a locked payment that wait for their time or its user; returns whether any did."""
    found = withdraw_scheduled(outbox, payment, now=now)
    for attempt in payment.attempts.select_for_update(no_key=True).filter(status=AttemptStatus.REQUIRES_ACTION):
        attempt.payment = payment
        close(attempt, failure="withdrawn", now=now)
        found = True
    return found


def take_cash(outbox: Outbox, payment: Payment, amount: int, *, actor: User, now: datetime, reason: str) -> Attempt:
    """Record that an amount of a locked payment was taken in cash, or in another way outside of the provider."""
    attempt = _plan(payment, AttemptKind.CASH, amount, now=now, ours=False)
    succeed(outbox, attempt, now=now, reason=reason, actor=actor)
    return attempt
