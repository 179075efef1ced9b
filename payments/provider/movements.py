"""Reading the movements of our balance: what each means for us, after what we had missed of it has been applied.

A movement comes with the object that moved the balance. Only if our rows don't say the same is the provider asked for
that object's present state, which is applied as an event would be.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from payments.books import payouts
from payments.books.disputes import apply_dispute
from payments.books.movements import Verdict, fee_books, source_of, store
from payments.models import Attempt, Dispute, Refund, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.operations import stem_of
from payments.provider.events import follow_intent
from payments.provider.gateway import Answer, gateway
from payments.provider.refunds import apply_refund
from payments.states import AttemptStatus, RefundStatus, TransferStatus

log = logging.getLogger(__name__)

Repairs = list[str]
UNKNOWN = "no row of ours knows it"


def take(move: Answer, repairs: Repairs, *, now: datetime) -> None:
    """Judge a movement and store it. An object that can't be applied is a difference, and hides no other."""
    try:
        verdict = judge(move, repairs, now=now)
    except Exception as error:
        log.exception("reconciliation: %s could not be applied", move.get("id"))
        verdict = Verdict(difference=f"it could not be applied ({type(error).__name__})", about=source_of(move))
    store(move, verdict, now=now)


def judge(move: Answer, repairs: Repairs, *, now: datetime) -> Verdict:
    """Returns what a movement means for us, and adds to `repairs` what was applied. Raises: `ProviderError`."""
    category, about = str(move.get("reporting_category")), source_of(move)
    look = LOOKS.get(category)
    if look is None:
        return Verdict(about=about, difference=f"a movement of a kind that is not booked here: {category}"[:200])
    source = move.get("source")
    verdict = look(move, source if isinstance(source, dict) else {}, repairs, now)
    fee = int(move["fee"])
    books = {**fee_books(fee), **verdict.books} if category not in OF_DISPUTES else {}
    return replace(verdict, about=verdict.about or about, books=books)


def _charge(move: Answer, charge: Answer, repairs: Repairs, now: datetime) -> Verdict:
    reference = str(charge.get("payment_intent") or charge.get("id"))
    collected = Attempt.objects.filter(reference=reference)
    attempt = collected.filter(status=AttemptStatus.SUCCEEDED).first()
    if attempt is None and charge.get("payment_intent") and follow_intent(reference, now):
        repairs.append(f"{reference} is succeeded")
        attempt = collected.filter(status=AttemptStatus.SUCCEEDED).first()
    if attempt is None:
        known = collected.first()
        text = UNKNOWN if known is None else f"it took {charge.get('amount_captured')}, and ours is {known.status}"
        return Verdict(about=reference, difference=text)
    found = Verdict(reference, EntryKind.COLLECTED, attempt.pk, attempt.payment_id)
    if charge.get("currency") != move["currency"]:
        return replace(found, difference=f"it is settled in {move['currency']}, and was in {charge.get('currency')}")
    if charge.get("amount_captured") != attempt.amount:
        took = charge.get("amount_captured")
        return replace(found, difference=f"it took {took}, and we know of {attempt.amount}")
    return found


def _part_of_charge(move: Answer, source: Answer, repairs: Repairs, now: datetime) -> Verdict:
    """The part of a hold that was not captured is part of what the charge is judged by."""
    return Verdict()


def _refund(move: Answer, refund: Answer, repairs: Repairs, now: datetime) -> Verdict:
    returned = move.get("reporting_category") == "refund_failure"
    row = _row_of(Refund, refund)
    if row is None or row.status == RefundStatus.PLANNED or (returned and row.status != RefundStatus.FAILED):
        answer = gateway().refund_of(str(refund["id"]))
        if apply_refund(answer, now=now):
            repairs.append(f"{answer['id']} is {answer.get('status')}")
        row = _row_of(Refund, refund)
    if row is None:
        return Verdict(difference="no refund of ours knows it")
    kind = EntryKind.REFUND_FAILED if returned else EntryKind.REFUNDED
    found = Verdict(str(refund["id"]), kind, row.pk, row.attempt.payment_id)
    if row.reference and row.reference != refund["id"]:
        return replace(found, booked_as=None, booked_under=None, difference=f"it was made beside {row.reference}")
    if row.status not in (RefundStatus.SUCCEEDED, RefundStatus.FAILED) or refund.get("amount") != row.amount:
        known = row.amount if row.status == RefundStatus.SUCCEEDED else 0
        known = row.amount if row.status == RefundStatus.ATTENTION else known
        return replace(found, difference=f"it gave back {refund.get('amount')}, and we know of {known}")
    if returned and row.status != RefundStatus.FAILED:
        return replace(found, difference="the bank returned it, and ours has succeeded")
    return found


def _dispute(move: Answer, dispute: Answer, repairs: Repairs, now: datetime) -> Verdict:
    row = Dispute.objects.select_related("attempt").filter(pk=str(dispute.get("id"))).first()
    if row is None or row.asked_at is None or row.asked_at.timestamp() < int(move["created"]):
        dispute = gateway().dispute(str(dispute["id"]))
        if apply_dispute(dispute, now=now):
            repairs.append(f"{dispute['id']} is {dispute.get('status')}")
        row = Dispute.objects.select_related("attempt").filter(pk=str(dispute["id"])).first()
    if row is None:
        return Verdict(difference="no payment of ours knows what it is about")
    listed = any(each.get("id") == move["id"] for each in dispute.get("balance_transactions") or [])
    return Verdict(payment_id=row.attempt.payment_id, difference="" if listed else "its dispute does not list it")


def _transfer(move: Answer, transfer: Answer, repairs: Repairs, now: datetime) -> Verdict:
    row = _row_of(Transfer, transfer)
    if row is None:
        return Verdict(difference="no payout of ours knows it")
    if row.status == TransferStatus.PLANNED:
        payouts.succeed(row, str(transfer["id"]), now=now)
        repairs.append(f"{transfer['id']} is paid")
        row.refresh_from_db()
    return _paid(EntryKind.PAID_OUT, row, row.payment_id, transfer)


def _reversal(move: Answer, reversal: Answer, repairs: Repairs, now: datetime) -> Verdict:
    row = _row_of(Reversal, reversal)
    if row is not None and row.status == TransferStatus.PLANNED:
        payouts.succeed(row, str(reversal["id"]), now=now)
        repairs.append(f"{reversal['id']} is reversed")
        row.refresh_from_db()
    elif row is None and payouts.follow_reversal(reversal, now=now):
        repairs.append(f"{reversal['id']} is reversed")
        row = _row_of(Reversal, reversal)
    if row is None:
        return Verdict(difference="no payout of ours knows what it takes back")
    return _paid(EntryKind.PAYOUT_REVERSED, row, row.transfer.payment_id, reversal)


def _paid(kind: EntryKind, row: Transfer | Reversal, payment_id: Any, thing: Answer) -> Verdict:
    found = Verdict(str(thing["id"]), kind, row.pk, payment_id)
    if row.status != TransferStatus.SUCCEEDED:
        return replace(found, difference=f"it moved {thing.get('amount')}, and ours is {row.status}")
    if row.reference != thing["id"]:
        return replace(found, booked_as=None, booked_under=None, difference=f"it was made beside {row.reference}")
    if row.amount != thing.get("amount"):
        return replace(found, difference=f"it moved {thing.get('amount')}, and we know of {row.amount}")
    return found


def _row_of(model: type[Any], thing: Answer) -> Any:
    """Returns our row behind the provider's object: by its id, or by the key in its metadata, whatever its turn."""
    rows = model._default_manager
    if row := rows.filter(reference=str(thing.get("id") or "-")).first():
        return row
    key = (thing.get("metadata") or {}).get("key")
    if not key:
        return None
    stem = stem_of(str(key))
    return (
        rows.filter(key=key).first() or rows.filter(key=stem).first() or rows.filter(key__startswith=f"{stem}~").first()
    )


def _to_bank(move: Answer, payout: Answer, repairs: Repairs, now: datetime) -> Verdict:
    """A payout to our bank, its return, or money that we have paid in."""
    amount = int(move["amount"])
    books = {EntryKind.BANKED: max(0, -amount), EntryKind.BANK_RETURNED: max(0, amount)}
    return Verdict(books=books, payout=payout if payout.get("object") == "payout" else None)


def _own_fee(move: Answer, source: Answer, repairs: Repairs, now: datetime) -> Verdict:
    """A fee that is a movement of its own: its amount is the fee, and leaves our balance."""
    return Verdict(books=fee_books(int(move["fee"]) - int(move["amount"])))


OF_DISPUTES = ("dispute", "dispute_reversal")  # their fees are booked with the disputes
LOOKS: dict[str, Callable[[Answer, Answer, Repairs, datetime], Verdict]] = {
    "charge": _charge,
    "partial_capture_reversal": _part_of_charge,
    "refund": _refund,
    "refund_failure": _refund,
    "dispute": _dispute,
    "dispute_reversal": _dispute,
    "transfer": _transfer,
    "transfer_reversal": _reversal,
    "payout": _to_bank,
    "payout_reversal": _to_bank,
    "topup": _to_bank,
    "topup_reversal": _to_bank,
    "fee": _own_fee,
}
