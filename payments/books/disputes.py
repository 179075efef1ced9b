"""Disputes: payments that card holders deny at their banks.

The books follow the movements of our balance that the provider lists with a dispute, not its status: an inquiry moves
nothing, a chargeback withdraws amount and fee, and a won one gives the amount back. The status only says whether what
has been withdrawn is still ours to win (`disputed`) or lost (`written_off`). Each time the difference to what has been
booked is booked, so any order of answers ends in the same books.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Sum

from accounts.models import User
from core.errors import Conflict
from payments.books import attempts, payout_holds, payouts
from payments.books.ledger import book_all
from payments.models import Attempt, Dispute, Entry, Payment
from payments.models.ledger import EntryKind
from payments.operations import enqueue_on_commit
from payments.states import DISPUTES_CLOSED, DISPUTES_LOST, DISPUTES_TO_ANSWER
from risk.flags import raise_flag
from risk.states import FlagKind

log = logging.getLogger(__name__)

EVIDENCE_MAX = 20_000  # characters of one text of evidence that the provider takes


def apply_dispute(answer: dict[str, Any], *, now: datetime) -> bool:
    """Apply the state of a dispute that was asked for at `now`; returns whether that changed anything of ours.

    An answer that was asked for before the one that has been applied is ignored. Not inside a transaction.
    """
    attempt = Attempt.objects.filter(reference=answer.get("payment_intent") or "-").first()
    if attempt is None:
        return False
    with transaction.atomic():
        payment, _ = attempts.lock(attempt.pk)
        row = Dispute.objects.filter(pk=str(answer["id"])).first()
        if row is None:
            row = _opened(answer, attempt, payment, now=now)
        elif row.asked_at is not None and row.asked_at > now:
            return False
        before = (row.status, row.withdrawn, row.fee, row.asked_at is None)
        _follow(row, answer, now=now)
        _book(row, payment, _movements(answer), now=now)
        if row.closed_at is not None:
            payout_holds.look_again_at(payment.pk, now=now)
            payouts.plan(payment, now=now)
        return before != (row.status, row.withdrawn, row.fee, False)


def _opened(answer: dict[str, Any], attempt: Attempt, payment: Payment, *, now: datetime) -> Dispute:
    row = Dispute(
        id=str(answer["id"]),
        attempt=attempt,
        amount=answer["amount"],
        currency=answer["currency"],
        reason=str(answer.get("reason"))[:60],
        opened_at=now,
    )
    raise_flag(
        FlagKind.PAYMENT_DISPUTED,
        now=now,
        account_id=payment.user_id,
        ride_id=payment.ride_id,
        payment_id=payment.pk,
        figure=row.amount,
    )
    return row


def _follow(row: Dispute, answer: dict[str, Any], *, now: datetime) -> None:
    """Take over the provider's view of a dispute."""
    details = answer.get("evidence_details") or {}
    due, waited = details.get("due_by"), row.status in DISPUTES_TO_ANSWER
    row.status, row.asked_at = str(answer.get("status"))[:40], now
    row.evidence_due_by = datetime.fromtimestamp(due, UTC) if isinstance(due, int) else None
    row.closed_at = (row.closed_at or now) if row.status in DISPUTES_CLOSED else None
    if row.status not in DISPUTES_TO_ANSWER:
        row.submitted_at = row.submitted_at or (now if details.get("submission_count") else None)
    elif not waited:  # an inquiry was escalated, or a loss appealed: the bank takes evidence again
        row.submitted_at = None


def _movements(answer: dict[str, Any]) -> Mapping[str, int]:
    """Returns what the provider has withdrawn, given back, and charged for a dispute, in minor units."""
    moves = [move for move in answer.get("balance_transactions") or [] if isinstance(move, dict)]
    amounts = [int(move["amount"]) for move in moves]
    return {
        "withdrawn": -sum(amount for amount in amounts if amount < 0),
        "returned": sum(amount for amount in amounts if amount > 0),
        "fee": sum(int(move.get("fee") or 0) for move in moves),
    }


def _book(row: Dispute, payment: Payment, moved: Mapping[str, int], *, now: datetime) -> None:
    """Book what the provider has moved and decided and the ledger does not have yet, and store the dispute."""
    row.withdrawn, row.fee = max(0, moved["withdrawn"] - moved["returned"]), moved["fee"]
    booked = _booked(row, payment)
    out = max(0, moved["withdrawn"] - booked["disputed"])
    back = max(0, moved["returned"] - booked["dispute_won"])
    # What was booked and is in no list: by an earlier release for an inquiry, or from an answer that came too late.
    surplus = booked["disputed"] + out - booked["dispute_won"] - back - row.withdrawn
    fee = row.fee - booked["dispute_fee"] + booked["fee_returned"]
    lost = (row.withdrawn if row.status in DISPUTES_LOST else 0) - booked["dispute_lost"] + booked["loss_appealed"]
    share = _share_to_take(row, payment, booked, lost)
    source = f"{row.pk}:{booked['entries'] + 1}"
    amounts = {
        EntryKind.DISPUTED: out + max(0, -surplus),
        EntryKind.DISPUTE_WON: back + max(0, surplus),
        EntryKind.DISPUTE_FEE: max(0, fee),
        EntryKind.FEE_RETURNED: max(0, -fee),
        EntryKind.DISPUTE_LOST: max(0, lost),
        EntryKind.LOSS_APPEALED: max(0, -lost),
        EntryKind.SHARE_REVERSED: max(0, share),
        EntryKind.SHARE_RESTORED: max(0, -share),
    }
    book_all(amounts, source, payment, now=now)
    row.save()
    if share > 0:
        payouts.reverse(payment, source=source, now=now)


def _booked(row: Dispute, payment: Payment) -> Mapping[str, int]:
    """Returns the sums of a dispute's entries by kind, and under `entries` their number."""
    ours = Entry.objects.filter(Q(source=row.pk) | Q(source__startswith=f"{row.pk}:"), payment=payment)
    sums: dict[str, int] = dict.fromkeys(EntryKind.values, 0)
    found = ours.order_by().values("kind").annotate(_sum=Sum("amount"), _count=Count("pk"))
    kinds = list(found.values_list("kind", "_sum", "_count"))
    return {**sums, **{kind: total for kind, total, _ in kinds}, "entries": sum(count for *_, count in kinds)}


def _share_to_take(row: Dispute, payment: Payment, booked: Mapping[str, int], lost: int) -> int:
    """Returns how much of the partner's share is to be taken back for a loss; negative to give it again.

    It is rounded down, and never more than what refunds have left of the share.
    """
    taken = booked["share_reversed"] - booked["share_restored"]
    if lost > 0 and settings.DISPUTES_BORNE_BY == "partner":
        part = payment.part_of_refunds(payment.partner_share, row.withdrawn)
        return min(part - taken, payouts.share_of(payment))
    return -taken if lost < 0 else 0


def submit_evidence(row: Dispute, text: str, *, actor: User, now: datetime) -> None:
    """Have evidence submitted to the bank, as staff. The bank takes it once.

    Raises: `Conflict` (`no_evidence_needed`, `evidence_underway`).
    """
    with transaction.atomic():
        locked = Dispute.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.status not in DISPUTES_TO_ANSWER:
            raise Conflict("no_evidence_needed", "The bank takes no evidence in this dispute.")
        if locked.next_step_at is not None:
            raise Conflict("evidence_underway", "Evidence is being submitted already.")
        locked.evidence, locked.failure, locked.tries, locked.next_step_at = text[:EVIDENCE_MAX], "", 0, now
        locked.save(update_fields=["evidence", "failure", "tries", "next_step_at"])
        log.info("evidence for dispute %s is submitted by %s", row.pk, actor.pk)
        enqueue_on_commit(locked)


def evidence_taken(dispute_id: str, *, failure: str, now: datetime) -> None:
    """Record that the evidence has been taken or refused; its text, which names people, is not kept."""
    with transaction.atomic():
        locked = Dispute.objects.select_for_update(no_key=True).get(pk=dispute_id)
        locked.evidence, locked.failure, locked.next_step_at = "", failure[:100], None
        locked.submitted_at = locked.submitted_at if failure else now
        locked.save(update_fields=["evidence", "failure", "next_step_at", "submitted_at"])
