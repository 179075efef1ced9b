"""Bills by e-mail: one after a ride is over, and another when a later payment or refund has changed what it says.

A mail server can't be asked whether it has a message. If a worker dies before the outcome is stored, the message is
sent again under the same Message-ID, by which a mailbox recognizes it.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Max
from django.utils import translation

from accounts.mails import message_to
from accounts.models import User
from accounts.selectors import has_confirmed_address, notification_settings_of
from core import clock
from core.amounts import blocks, money
from core.failures import code_of
from core.jobs import DueRows
from core.texts import unlinked
from payments.models import Payment
from payments.states import UNPAID, PaymentKind, PaymentStatus
from rides.models import Ride
from rides.receipt_pdf import receipt_pdf
from rides.receipts import file_name, receipt

log = logging.getLogger(__name__)

RECEIPTS = DueRows(Ride, "receipt_due_at", "mail_receipt")
CHANGED = DueRows(Payment, "receipt_due_at", "mail_changed_receipt")
TRY_AGAIN, TRY_AGAIN_MAX = timedelta(seconds=10), timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=2)
PAID_WITHIN = timedelta(minutes=10)  # a bill that is still being paid is mailed as an invoice then


def sweep_receipts(now: datetime) -> None:
    """Enqueue the bills that are due."""
    RECEIPTS.enqueue_due(now)
    CHANGED.enqueue_due(now)


def send_receipt(ride_id: UUID) -> None:
    """Mail a ride's bill with the PDF to its user, if they want receipts and have confirmed their address."""
    with RECEIPTS.leased(ride_id) as mine:
        if mine:
            _send(_ride(ride_id), now=clock.now())


def _ride(ride_id: UUID) -> Ride:
    return Ride.objects.select_related("user", "request__region", "request__request_type", "partner").get(pk=ride_id)


def _send(ride: Ride, *, now: datetime) -> None:
    over = ride.end_time or ride.cancelled_at or now
    # Read before the bill: if a payment changes in between, it is mailed again rather than never.
    payments = list(Payment.objects.filter(ride=ride))
    being_paid = any(payment.status == PaymentStatus.PROCESSING for payment in payments)
    if being_paid and now - over < PAID_WITHIN:
        RECEIPTS.postpone(ride.pk, now + _wait(now - over))
    elif error := _error_of_mailing(ride, payments, f"receipt-{ride.pk}", changed=False, now=now):
        _again(RECEIPTS, ride.pk, error, now - over, now=now)
    else:
        _told(payments)
        RECEIPTS.finish(ride.pk)


def send_changed_receipt(payment_id: UUID) -> None:
    """Mail a ride's bill again once one of its payments is paid or refunded, unless the last mail says so already."""
    with CHANGED.leased(payment_id) as mine:
        if mine:
            _send_changed(Payment.objects.get(pk=payment_id), now=clock.now())


def _send_changed(payment: Payment, *, now: datetime) -> None:
    ride = _ride(payment.ride_id)
    if ride.receipt_due_at is not None:  # the first mail has not been sent, and will say how things stand by then
        CHANGED.postpone(payment.pk, max(now, ride.receipt_due_at) + TRY_AGAIN)
        return
    payments = list(Payment.objects.filter(ride=ride))
    state = "-".join(f"{each.kept_amount}.{each.refunded_amount}" for each in sorted(payments, key=lambda p: p.kind))
    since = payment.entries.aggregate(at=Max("at"))["at"] or now
    if payment.told_amount == payment.kept_amount:
        CHANGED.finish(payment.pk)
    elif error := _error_of_mailing(ride, payments, f"bill-{ride.pk}-{state}", changed=True, now=now):
        _again(CHANGED, payment.pk, error, now - since, now=now)
    else:
        _told(payments)


def _again(rows: DueRows, pk: UUID, error: str, waited: timedelta, *, now: datetime) -> None:
    """Plan another try of a mail that has failed, or give it up."""
    if waited < GIVE_UP_AFTER:
        rows.failed(pk, error, now + _wait(waited))
    else:
        rows.give_up(pk, error)


def _told(payments: Sequence[Payment]) -> None:
    """Record what a mail has said of payments. One that has changed since is still due."""
    for payment in payments:
        row = Payment.objects.filter(pk=payment.pk)
        same = row.filter(status=payment.status, refunded_amount=payment.refunded_amount)
        if not same.update(told_amount=payment.kept_amount, receipt_due_at=None):
            row.update(told_amount=payment.kept_amount)


def _wait(since: timedelta) -> timedelta:
    """Return how long to wait before another try: the longer, the longer a mail has been due."""
    return min(TRY_AGAIN_MAX, max(TRY_AGAIN, since / 6))


def _error_of_mailing(ride: Ride, payments: Sequence[Payment], message_id: str, *, changed: bool, now: datetime) -> str:
    """Mail a ride's bill if it is wanted; returns the code of the mail server's error, or ""."""
    if not _is_wanted(ride.user, payments):
        return ""
    try:
        _message(ride, message_id, changed=changed, now=now).send()
    except OSError as error:  # smtplib's errors are OSErrors, too
        log.warning("receipt of ride %s not mailed: %s", ride.pk, type(error).__name__)
        return code_of(error)
    return ""


def _is_wanted(user: User, payments: Sequence[Payment]) -> bool:
    """Whether a bill is mailed: not while the user disputes the session, for which nothing is collected."""
    frozen = any(payment.frozen and payment.status in UNPAID for payment in payments)
    return not frozen and notification_settings_of(user).email_receipts and has_confirmed_address(user)


def _message(ride: Ride, message_id: str, *, changed: bool, now: datetime) -> EmailMultiAlternatives:
    with translation.override(ride.user.language or settings.LANGUAGE_CODE):
        bill = receipt(ride, now=now)
        pdf = receipt_pdf(ride, bill)
        context = {
            "name": unlinked(ride.user.get_short_name()),
            "changed": changed,
            "total": money(bill["total"]["amount"], bill["total"]["currency"]),
            "refunded": _amount(bill["refunded"]),
            "due": _amount(bill["due"]),
            "credit": _amount(bill["credit"]),
            "tax": bill["tax"] and {**bill["tax"], "amount": _amount(bill["tax"]["amount"])},
            "blocks": _blocks(bill),
            "site": settings.SITE_URL,
            "request_id": ride.request_id,
        }
    headers = {"Message-ID": f"<{message_id}@speedycheers>"}
    message = message_to(ride.user, "rides/email/receipt", context, headers=headers)
    message.attach(file_name(bill), pdf, "application/pdf")
    return message


def _blocks(bill: Mapping[str, Any]) -> str:
    """Return what the fare is for, to follow the total: " (1 × 5 minutes)"; empty if there is no fare."""
    counts = [line["quantity"] for line in bill["lines"] if line["kind"] == PaymentKind.FARE]
    return f" ({blocks(counts[0], bill['tariff'].increment_s)})" if counts else ""


def _amount(amount: dict[str, Any]) -> str:
    """Return an amount of a bill as text, and an empty one for zero."""
    return money(amount["amount"], amount["currency"]) if amount["amount"] else ""
