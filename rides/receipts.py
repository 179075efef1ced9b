"""The lines of a bill, calculated by the same fare function as the running display."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from api.fields import money
from core.errors import Conflict
from payments.models import Attempt, Payment
from payments.states import AttemptStatus, PaymentKind
from rides import fares
from rides.models import Ride
from rides.states import RideStatus


def receipt(ride: Ride, *, now: datetime) -> dict[str, Any]:
    """A ride's bill: its charges line by line, and the total in minor units. Raises `Conflict` until it is over.

    The labels of the lines are in the active language.
    """
    if ride.status not in (RideStatus.COMPLETED, RideStatus.CANCELLED):
        raise Conflict("ride_not_completed", "The receipt is ready once the ride is over.")
    payments = {p.kind: p for p in Payment.objects.filter(ride=ride)}
    lines = [_line(ride, payment) for payment in sorted(payments.values(), key=lambda p: p.created_at)]
    total = sum(payment.amount - payment.refunded_amount for payment in payments.values())
    return {
        "rideId": str(ride.pk),
        "status": ride.status,
        "startTime": ride.start_time,
        "endTime": ride.end_time,
        "endedBy": ride.ended_by or None,
        "elapsedS": int(ride.elapsed(now).total_seconds()),
        "lines": lines,
        "total": money(total, ride.tariff_currency),
        "card": _card(payments.values()),
        "tariff": ride.tariff,
    }


def _card(payments: Iterable[Payment]) -> dict[str, str] | None:
    """Brand and last digits of the card that was charged last; None if no card was charged."""
    charged = Attempt.objects.filter(payment__in=list(payments), status=AttemptStatus.SUCCEEDED).exclude(card_last4="")
    last = charged.order_by("-created_at").first()
    return {"brand": last.card_brand, "last4": last.card_last4} if last else None


def _line(ride: Ride, payment: Payment) -> dict[str, Any]:
    if payment.kind == PaymentKind.FARE:
        count = fares.increments(ride.elapsed(ride.end_time or ride.accepted_at), ride.tariff_increment_s)
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
        "status": payment.status,
        "paymentId": str(payment.pk),
    }
