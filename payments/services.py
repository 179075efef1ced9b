"""Writes about payments that people and other apps ask for. docs/payments.md explains how they work together."""

from datetime import datetime
from uuid import UUID

from accounts.models import User
from core.currencies import currency_of
from core.errors import Conflict, Missing
from notifications.events import recorded
from payments.books.attempts import charge, spend_credit, withdraw_waiting
from payments.books.paying import pay
from payments.books.status import derive
from payments.configuration import enabled, require_enabled
from payments.models import Customer, Payment
from payments.states import UNPAID, PaymentStatus


def pay_now(user: User, payment_id: UUID, *, now: datetime) -> Payment:
    """Charge the user's card now for an open payment.

    Raises: `Missing`, `Conflict` (`payments_offline`, `already_paid`, `card_required`, `confirmation_required`,
        `not_chargeable`).
    """
    require_enabled()
    with recorded() as outbox:
        payment = Payment.objects.select_for_update(no_key=True).filter(pk=payment_id, user=user).first()
        if payment is None:
            raise Missing
        if payment.status not in UNPAID:
            raise Conflict("already_paid", "This payment is not open.")
        if not Customer.objects.filter(user=user).exclude(card_reference="").exists():
            raise Conflict("card_required", "Save a card first.")
        if payment.status == PaymentStatus.REQUIRES_ACTION:
            raise Conflict("confirmation_required", "Your bank waits for you to confirm this payment.")
        rest = payment.amount - payment.collecting_amount
        if rest and not currency_of(payment.currency).chargeable(rest):
            raise Conflict("not_chargeable", "No card can be charged with so little. You need not pay it.")
        _thaw(payment)
        pay(outbox, payment, now=now)
        outbox.result(payment)
    return payment


def collect_frozen(payment: Payment, *, actor: User, now: datetime) -> None:
    """Charge the card for a frozen payment, as staff: the session took place.

    Raises: `Conflict` (`not_frozen`).
    """
    with recorded() as outbox:
        locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if not locked.frozen or locked.status not in UNPAID:
            raise Conflict("not_frozen", "This payment is not frozen.")
        _thaw(locked)
        spend_credit(outbox, locked, now=now)
        if enabled():
            charge(locked, now=now, off_session=True)
            derive(outbox, locked, now=now, reason="collected by staff", actor=actor)


def _thaw(payment: Payment) -> None:
    if payment.frozen:
        payment.frozen = False
        payment.save(update_fields=["frozen"])


def withdraw(payment: Payment, *, actor: User, now: datetime) -> None:
    """Stop the attempts that wait for the user or for their time, as staff.

    Raises: `Conflict` (`nothing_to_withdraw`) if no attempt does.
    """
    with recorded() as outbox:
        locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if not withdraw_waiting(outbox, locked, now=now):
            raise Conflict("nothing_to_withdraw", "No attempt waits for the user or for its time.")
        derive(outbox, locked, now=now, reason="withdrawn by staff", actor=actor)
