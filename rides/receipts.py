"""The lines of a bill, calculated by the same fare function as the running display."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from api.fields import money
from core.errors import Conflict
from core.prices import increments
from payments.models import Attempt, Payment
from payments.states import UNPAID, AttemptKind, AttemptStatus, PaymentKind
from regions.taxes import tax_label
from rides.models import Ride
from rides.selectors import prices_of
from rides.states import RideStatus


class Document(models.TextChoices):
    """The name of a bill: an invoice while something is due, a receipt once all is paid."""

    INVOICE = "invoice", gettext_lazy("Invoice")
    RECEIPT = "receipt", gettext_lazy("Receipt")
    CORRECTED = "corrected_receipt", gettext_lazy("Corrected receipt")


def receipt(ride: Ride, *, now: datetime) -> dict[str, Any]:
    """A ride's bill: its charges line by line, the total, what was given back and what is due, in minor units.

    The labels of the lines are in the active language. Raises `Conflict` until the ride is over.
    """
    if ride.status not in (RideStatus.COMPLETED, RideStatus.CANCELLED):
        raise Conflict("ride_not_completed", "The receipt is ready once the ride is over.")
    payments = {p.kind: p for p in Payment.objects.filter(ride=ride)}
    lines = [_line(ride, payment) for payment in sorted(payments.values(), key=lambda p: p.created_at)]
    refunded = sum(payment.refunded_amount for payment in payments.values())
    total = sum(payment.amount for payment in payments.values()) - refunded
    due = _due(payments.values())
    return {
        "document": _document(due, refunded),
        "rideId": str(ride.pk),
        "status": ride.status,
        "startTime": ride.start_time,
        "endTime": ride.end_time,
        "endedBy": ride.ended_by or None,
        "elapsedS": int(ride.elapsed(now).total_seconds()),
        "lines": lines,
        "total": money(total, ride.tariff_currency),
        "refunded": money(refunded, ride.tariff_currency),
        "due": money(due, ride.tariff_currency),
        "credit": money(_credit(payments.values()), ride.tariff_currency),
        "tax": _tax(ride, payments.values()),
        "card": _card(payments.values()),
        "tariff": ride.tariff,
    }


def _document(due: int, refunded: int) -> Document:
    if due:
        return Document.INVOICE
    return Document.CORRECTED if refunded else Document.RECEIPT


def file_name(bill: Mapping[str, Any]) -> str:
    """Returns the name of a bill's PDF."""
    return f"{'invoice' if bill['due']['amount'] else 'receipt'}-{bill['rideId']}.pdf"


def _due(payments: Iterable[Payment]) -> int:
    """Returns what has not been collected of the payments that are not paid, in minor units."""
    unpaid = [payment for payment in payments if payment.status in UNPAID]
    if not unpaid:
        return 0
    collected = Attempt.objects.filter(payment__in=unpaid, status=AttemptStatus.SUCCEEDED)
    return sum(payment.amount for payment in unpaid) - int(collected.aggregate(sum=Sum("amount", default=0))["sum"])


def _credit(payments: Iterable[Payment]) -> int:
    """Returns what was paid with credit, less what came back as credit, in minor units."""
    if not any(payment.credit_amount for payment in payments):
        return 0
    parts = Attempt.objects.filter(payment__in=list(payments), kind=AttemptKind.CREDIT)
    return sum(amount - refunded for amount, refunded in parts.values_list("amount", "refunded_amount"))


def _tax(ride: Ride, payments: Iterable[Payment]) -> dict[str, Any] | None:
    """Returns the tax that the total contains, less that of what was given back; None if the ride is not taxed."""
    if not ride.tax_rate:
        return None
    prices = prices_of(ride)
    return {
        "name": prices.tax_name,
        "label": tax_label(prices),
        "ratePercent": str(Decimal(ride.tax_rate) / 1000),
        "inclusive": ride.tax_inclusive,
        "number": prices.tax_number or None,
        "amount": money(sum(payment.tax_kept for payment in payments), ride.tariff_currency),
    }


def _card(payments: Iterable[Payment]) -> dict[str, str] | None:
    """Brand and last digits of the card that was charged last; None if no card was charged."""
    charged = Attempt.objects.filter(payment__in=list(payments), status=AttemptStatus.SUCCEEDED).exclude(card_last4="")
    last = charged.order_by("-created_at").first()
    return {"brand": last.card_brand, "last4": last.card_last4} if last else None


def _line(ride: Ride, payment: Payment) -> dict[str, Any]:
    if payment.kind == PaymentKind.FARE:
        count = increments(ride.elapsed(ride.end_time or ride.accepted_at), ride.tariff_increment_s)
        numbers = {"count": count, "minutes": ride.tariff_increment_s // 60}
        label, each = _("Cheering, %(count)d × %(minutes)d minutes") % numbers, ride.tariff_amount
    else:
        count, each, label = 1, payment.amount, payment.get_kind_display()
    return {
        "kind": payment.kind,
        "label": label,
        "quantity": count,
        "unitAmount": each,
        "amount": money(payment.amount, payment.currency),
        "refunded": money(payment.refunded_amount, payment.currency),
        "tax": money(payment.tax_amount, payment.currency),
        "status": payment.status,
        "paymentId": str(payment.pk),
    }
