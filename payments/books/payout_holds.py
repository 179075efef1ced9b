"""Holding payouts, and releasing them: by the sweep when their time has come, or by staff."""

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from core.errors import Conflict
from payments.books import payouts
from payments.books.disputed import is_disputed
from payments.books.payout_rules import judge
from payments.models import Payment, PayoutAccount, PayoutHold
from payments.states import PayoutHoldStatus
from risk.states import FlagKind

log = logging.getLogger(__name__)

RELEASE_BATCH = 200  # rows a pass


def sweep_payout_holds(now: datetime) -> None:
    """Apply the rules again to held payouts whose time has come, and release those that nothing holds any more."""
    due = PayoutHold.objects.filter(status=PayoutHoldStatus.HELD, due_at__lte=now).order_by("due_at")
    for payment_id in list(due.values_list("payment_id", flat=True)[:RELEASE_BATCH]):
        _look_again(payment_id, now=now)


def _look_again(payment_id: UUID, *, now: datetime) -> None:
    with transaction.atomic():
        payment, hold = _locked(payment_id)
        if hold.status != PayoutHoldStatus.HELD or hold.due_at is None or hold.due_at > now:
            return
        account = PayoutAccount.objects.filter(partner=hold.partner_id).first()
        verdict = judge(payment, account, disputed=is_disputed(payment), now=now) if account is not None else None
        if verdict is not None and verdict.reasons:
            hold.reasons, hold.due_at = verdict.reasons, None if verdict.review else verdict.until
            hold.save(update_fields=["reasons", "due_at"])
            return
        hold.move(PayoutHoldStatus.RELEASED, actor=None, at=now, reason="its time has come", due_at=None)
        payouts.plan(payment, now=now)


def look_again_at(payment_id: UUID, *, now: datetime) -> None:
    """Have the sweep apply the rules again to the held payout of a payment, because something about it is over."""
    PayoutHold.objects.filter(payment=payment_id, status=PayoutHoldStatus.HELD).update(due_at=now)


def release(hold: PayoutHold, *, actor: User, now: datetime, reason: str = "") -> None:
    """Let a held payout be made, as staff, whatever rule holds it.

    Raises: `Conflict` (`wrong_state`), `payment_disputed` if a bank has not decided yet about the payment, or
        `own_payout` if it is the reviewer's own.
    """
    with transaction.atomic():
        payment, locked = _locked(hold.payment_id)
        _require_other(locked, actor)
        if is_disputed(payment):
            raise Conflict("payment_disputed", "The card's bank has not decided yet about this payment.")
        locked.move(PayoutHoldStatus.RELEASED, actor=actor, at=now, reason=reason, due_at=None)
        payouts.plan(payment, now=now)
        # With one more payout made, others of this partner may not be among the first any longer.
        waiting = PayoutHold.objects.filter(partner=locked.partner_id, status=PayoutHoldStatus.HELD, due_at=None)
        waiting.filter(reasons=[FlagKind.FIRST_PAYOUT]).update(due_at=now)


def refuse(hold: PayoutHold, *, actor: User, now: datetime, reason: str = "") -> None:
    """Keep a payout from being made, as staff. The ledger still has what the partner is owed, until it is refunded.

    Raises like `release`.
    """
    with transaction.atomic():
        _, locked = _locked(hold.payment_id)
        _require_other(locked, actor)
        locked.move(PayoutHoldStatus.REFUSED, actor=actor, at=now, reason=reason, due_at=None)


def _locked(payment_id: UUID) -> tuple[Payment, PayoutHold]:
    """Lock a payment and the hold of its payout, in this order."""
    payments = Payment.objects.select_for_update(no_key=True, of=("self",)).select_related("partner")
    payment = payments.get(pk=payment_id)
    holds = PayoutHold.objects.select_for_update(no_key=True, of=("self",)).select_related("partner")
    return payment, holds.get(payment=payment)


def _require_other(hold: PayoutHold, actor: User) -> None:
    if hold.partner.user_id == actor.pk:
        raise Conflict("own_payout", "Nobody releases a payout to themselves.")
