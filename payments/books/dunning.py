"""Reminding users of what they owe, with an end: after the last reminder a payment is given up, and staff decide.

A payment is dunned from its first failure. Meanwhile its retries go on, and its user may pay it at any time, also after
it was given up; nothing is tried by itself then.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from core import clock
from core.jobs import DueRows
from notifications.events import Outbox, recorded
from payments.books.attempts import withdraw_waiting
from payments.books.status import derive, reminder_after
from payments.mails import remind
from payments.models import Payment
from payments.states import UNPAID, PaymentKind, PaymentStatus

log = logging.getLogger(__name__)

REMINDERS = DueRows(Payment, "reminder_due_at", "remind_of_payment")
BUSY = timedelta(minutes=10)  # the wait while a payment is being made


def dun(payment_id: UUID) -> None:
    """Remind a payment's user, or give the payment up after the last reminder, if that is due."""
    with REMINDERS.leased(payment_id) as mine:
        if mine:
            with recorded() as outbox:
                payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
                _dun(outbox, payment, now=clock.now())
                payment.save(update_fields=["reminders", "reminder_due_at", "given_up_at"])


def _dun(outbox: Outbox, payment: Payment, *, now: datetime) -> None:
    if payment.status not in UNPAID or payment.frozen or payment.written_off:
        payment.reminder_due_at = None
    elif payment.status == PaymentStatus.PROCESSING:
        payment.reminder_due_at = now + BUSY
    elif payment.reminders < (1 if payment.kind == PaymentKind.TIP else len(settings.PAYMENT_REMINDERS_H)):
        wait = reminder_after(payment.reminders + 1) - reminder_after(payment.reminders)
        payment.reminders += 1
        payment.reminder_due_at = now + wait
        remind(payment, now=now)
    else:
        log.warning("payment %s is given up after %d reminders", payment.pk, payment.reminders)
        payment.reminder_due_at, payment.given_up_at = None, now
        if withdraw_waiting(outbox, payment, now=now):
            derive(outbox, payment, now=now, reason="given up")
