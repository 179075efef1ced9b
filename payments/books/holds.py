"""Holds: amounts reserved on a card while a request is open, so that a session's cost is covered before it begins."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.dispatch import Signal

from accounts.models import User
from core.composed import Composed
from core.errors import Conflict
from payments.models import Customer, Hold, Payment
from payments.operations import enqueue_on_commit, operation_key
from payments.states import OPEN_HOLDS, HoldStatus, PaymentKind, PaymentStatus

CONFIRM_WITHIN = timedelta(minutes=5)  # at booking, the user is there
EXPIRES_AFTER = timedelta(days=5)  # the shortest that card networks grant, if the provider doesn't say
EXPIRY_MARGIN = timedelta(hours=12)

# Sent with `hold_id` once it is committed what has become of a hold that is wanted. It is a hint: who misses it finds
# the hold unanswered.
answered = Signal()


def require_good_standing(user: User) -> Customer:
    """Returns the user's card. Raises `Conflict`: `card_required`, or `payment_overdue` if a fare or fee is unpaid."""
    overdue = Payment.objects.filter(
        user=user, status__in=[PaymentStatus.FAILED, PaymentStatus.REQUIRES_ACTION]
    ).exclude(kind=PaymentKind.TIP)
    if overdue.exists():
        raise Conflict("payment_overdue", "A payment of yours has failed. Pay it first, then ask again.")
    customer = Customer.objects.filter(user=user).exclude(card_reference="").first()
    if customer is None:
        raise Conflict("card_required", "Save a card first: it is charged after the session.")
    return customer


def place(
    customer: Customer,
    *,
    request_id: UUID,
    amount: int,
    currency: str,
    off_session: bool,
    now: datetime,
    for_booking: bool = False,
) -> Hold:
    """Plan to hold `amount` minor units for a request. Call it inside a transaction that holds the request's row.

    Args: `for_booking`: the request is not matched before this hold is answered.
    """
    number = Hold.objects.filter(request=request_id).count() + 1
    hold = Hold(
        request_id=request_id,
        user_id=customer.pk,
        number=number,
        amount=amount,
        currency=currency,
        off_session=off_session,
        for_booking=for_booking,
        card_reference=customer.card_reference,
        card_brand=customer.card_brand,
        card_last4=customer.card_last4,
        key=operation_key("hold", request_id, number),
        next_step_at=now,
        created_at=now,
    )
    hold.create(actor=None, at=now)
    enqueue_on_commit(hold)
    return hold


def release(request_id: UUID, *, now: datetime) -> None:
    """Release the holds of a request that are not about to be captured. Call it inside a transaction."""
    if not _hold_amounts(request_id, using=router.db_for_write(Hold)):
        return  # the usual case if no cards are charged, found out cheaply
    open_holds = Hold.objects.select_for_update(no_key=True, of=("self",)).filter(
        request=request_id, status__in=OPEN_HOLDS, capture=None
    )
    for hold in open_holds.order_by("number"):
        release_one(hold, now=now)


def release_one(hold: Hold, *, now: datetime) -> None:
    """Release one locked hold: now if it is authorized, or else as soon as the provider has answered."""
    hold.unwanted = True
    hold.save(update_fields=["unwanted"])
    if hold.status in (HoldStatus.AUTHORIZED, HoldStatus.REQUIRES_ACTION):
        close(hold, failure="", now=now)


def close(hold: Hold, *, failure: str, now: datetime) -> None:
    """Plan to close a hold with the provider that is no longer wanted or was declined."""
    move(hold, HoldStatus.CLOSING, now=now, reason=failure or "released", failure=failure[:100], next_step_at=now)
    enqueue_on_commit(hold)


def move(hold: Hold, status: HoldStatus, *, now: datetime, reason: str, **changes: Any) -> None:
    """Move a locked hold to another status, which its booking or session has not taken note of yet."""
    hold.move(status, actor=None, at=now, reason=reason, answered_at=None, **changes)
    if not hold.unwanted:
        transaction.on_commit(lambda: answered.send_robust(Hold, hold_id=hold.pk))


def held_amount(request_id: UUID) -> int:
    """Returns the amount held for a request, in minor units."""
    holds = _hold_amounts(request_id, using=router.db_for_write(Hold))
    return sum(amount for amount, status, unwanted in holds if status == HoldStatus.AUTHORIZED and not unwanted)


_hold_amounts = Composed(
    lambda request_id: Hold.objects.filter(request=request_id).values_list("amount", "status", "unwanted")
)
