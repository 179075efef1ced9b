"""Manual entries: proposing, approving and rejecting what staff refund or book by hand (payments/books/by_hand.py)."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum

from accounts.models import Partner, User
from core.errors import Conflict, Invalid
from core.transitions import REASON_MAX_CHARS
from notifications.events import recorded
from payments.books.by_hand import book_by_hand
from payments.books.refunds import refundable
from payments.models import ManualEntry, Payment
from payments.states import MANUAL_OF_PARTNERS, MANUAL_OF_PAYMENTS, ManualKind, ManualStatus

LIMIT_PER = timedelta(hours=24)
AMOUNT_MAX = 2**31 - 1  # of the column


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that a member of staff wants to book: `amount` minor units of a payment, of a partner, or of neither."""

    kind: ManualKind
    amount: int
    currency: str
    reason: str
    payment_id: UUID | None = None
    partner_id: UUID | None = None


def propose(proposal: Proposal, *, author: User, now: datetime) -> ManualEntry:
    """Book an amount by hand; above the author's limit, only write down what another person has to approve.

    The limit counts what the author has booked without approval within 24 hours, so that no amount passes it in parts.

    Raises: `Invalid`; `Conflict` (`own_account`, or if the books don't allow it, also if it has to be approved first).
    """
    _check(proposal)
    _require_others(proposal, author)
    with recorded() as outbox:
        User.objects.select_for_update(no_key=True).get(pk=author.pk)  # one at a time counts on the limit
        row = ManualEntry(
            kind=proposal.kind,
            amount=proposal.amount,
            currency=proposal.currency,
            reason=proposal.reason.strip(),
            payment_id=proposal.payment_id,
            partner_id=proposal.partner_id,
            author=author,
            needs_approval=_is_above_limit(author, proposal, now=now),
            created_at=now,
        )
        if row.needs_approval:
            row.create(actor=author, at=now, reason=row.reason)
            _try(row, actor=author, now=now)
        else:
            row.create_moved(ManualStatus.BOOKED, actor=author, mover=author, at=now)
            book_by_hand(outbox, row, actor=author, now=now)
    return row


def settle(payment: Payment, *, amount: int | None, reason: str, author: User, now: datetime) -> ManualEntry:
    """Book money that staff have taken outside of the provider; None for all that is not being collected.

    Raises: as `propose`.
    """
    rest = payment.amount - payment.collecting_amount
    minor = (rest or payment.amount) if amount is None else amount
    proposal = Proposal(ManualKind.RECEIVED, minor, payment.currency, reason, payment_id=payment.pk)
    return propose(proposal, author=author, now=now)


def give_back(payment: Payment, *, amount: int | None, reason: str, author: User, now: datetime) -> ManualEntry:
    """Refund a part of a payment; None for all that can be given back. Raises: as `propose`."""
    minor = refundable(payment) if amount is None else amount
    why = reason or "refunded by staff"
    proposal = Proposal(ManualKind.REFUNDED, minor, payment.currency, why, payment_id=payment.pk)
    return propose(proposal, author=author, now=now)


def approve(entry: ManualEntry, *, actor: User, now: datetime) -> None:
    """Book what somebody else has proposed.

    Raises: `Conflict` (`own_entry`, `own_account`, `wrong_state`, or if the books no longer allow it).
    """
    _require_others(entry, actor)
    with recorded() as outbox:
        row = _of_another(entry, actor)
        row.move(ManualStatus.BOOKED, actor=actor, at=now, approver=actor)
        book_by_hand(outbox, row, actor=actor, now=now)


def reject(entry: ManualEntry, *, actor: User, now: datetime, reason: str) -> None:
    """Refuse to book what somebody else has proposed. Nothing is booked, then or later.

    Raises: `Conflict` (`own_entry`, `wrong_state`).
    """
    with transaction.atomic():
        _of_another(entry, actor).move(ManualStatus.REJECTED, actor=actor, at=now, reason=reason, approver=actor)


def _require_others(entry: Proposal | ManualEntry, actor: User) -> None:
    """Raises `Conflict` if an entry is about a payment, or a partner, of the person themselves."""
    theirs = Q(user=actor) | Q(partner__user=actor)
    if (entry.payment_id and Payment.objects.filter(theirs, pk=entry.payment_id).exists()) or (
        entry.partner_id and Partner.objects.filter(pk=entry.partner_id, user=actor).exists()
    ):
        raise Conflict("own_account", "Nobody books what concerns their own account.")


def _of_another(entry: ManualEntry, actor: User) -> ManualEntry:
    """Lock a manual entry that this person has not proposed."""
    row = ManualEntry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    if row.author_id == actor.pk:
        raise Conflict("own_entry", "Somebody else has to decide about what you have proposed.")
    return row


def _check(proposal: Proposal) -> None:
    if not 0 < proposal.amount <= AMOUNT_MAX:
        raise Invalid("invalid", "State an amount.", "amount")
    if not proposal.reason.strip() or len(proposal.reason) > REASON_MAX_CHARS:
        raise Invalid("invalid", f"State the reason, in up to {REASON_MAX_CHARS} characters.", "reason")
    if (proposal.kind in MANUAL_OF_PAYMENTS) != (proposal.payment_id is not None):
        raise Invalid("invalid", "Name the payment, for a kind that is about one.", "payment")
    if (proposal.kind in MANUAL_OF_PARTNERS) != (proposal.partner_id is not None):
        raise Invalid("invalid", "Name the partner, for a kind that is about one.", "partner")


def _is_above_limit(author: User, proposal: Proposal, *, now: datetime) -> bool:
    lately = ManualEntry.objects.filter(
        author=author,
        currency=proposal.currency,
        status=ManualStatus.BOOKED,
        needs_approval=False,
        created_at__gt=now - LIMIT_PER,
    )
    booked = lately.aggregate(sum=Sum("amount", default=0))["sum"]
    return bool(booked + proposal.amount > settings.MANUAL_ENTRY_LIMITS.get(proposal.currency, 0))


def _try(row: ManualEntry, *, actor: User, now: datetime) -> None:
    """Book a row and undo that again, so that nobody is asked to approve what the books don't allow now."""
    with transaction.atomic():
        with recorded() as outbox:
            book_by_hand(outbox, copy(row), actor=actor, now=now)
        transaction.set_rollback(True)
