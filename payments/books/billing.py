"""Recording what a user owes for a ride."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Partner, User
from core.database import refused_as
from core.errors import Conflict
from notifications.events import Outbox
from payments import announce
from payments.books.attempts import collect
from payments.books.ledger import book_all
from payments.models import Payment
from payments.models.ledger import EntryKind
from payments.states import PaymentKind


@dataclass(frozen=True, slots=True)
class PartnerShare:
    """The part of a payment that a partner has earned, in minor units."""

    partner: Partner
    amount: int


@dataclass(frozen=True, slots=True)
class Bill:
    """An amount that a user owes for a ride, in minor units, and the partner's share of it."""

    ride_id: UUID
    user: User
    kind: PaymentKind
    amount: int
    currency: str
    share: PartnerShare | None = None
    collect: bool = True  # False: nothing is collected until staff decide
    tax: int = 0  # the part of the amount that we owe to the tax office


def open_payment(outbox: Outbox, bill: Bill, *, now: datetime, request_id: UUID | None = None) -> Payment:
    """Record what a user owes for a ride, and plan to collect it unless it is frozen. Call it inside `recorded`.

    With `request_id`, the holds of that request are captured first.

    Raises: `Conflict` (`payment_exists`) if the ride has a payment of this kind.
    """
    share = bill.share
    payment = Payment(
        ride_id=bill.ride_id,
        user=bill.user,
        kind=bill.kind,
        amount=bill.amount,
        currency=bill.currency,
        partner=share.partner if share else None,
        partner_share=share.amount if share else 0,
        tax_amount=bill.tax,
        created_at=now,
        frozen=not bill.collect,
    )
    exists = Conflict("payment_exists", "This ride has a payment of this kind already.")
    with refused_as({"payment_one_per_ride_and_kind": exists}):
        payment.create(actor=None, at=now)
    amounts = {
        EntryKind.OWED: payment.amount,
        EntryKind.TAXED: payment.tax_amount,
        EntryKind.SHARE: payment.partner_share,
    }
    book_all(amounts, str(payment.pk), payment, now=now)
    announce.payment_updated(outbox, payment, now=now)
    if not bill.collect:
        return payment
    # A user tips while looking at the page; anything else may become due while they are away.
    collect(outbox, payment, request_id=request_id, off_session=bill.kind != PaymentKind.TIP, now=now)
    return payment
