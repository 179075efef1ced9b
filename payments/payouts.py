"""Paying partners by the provider's Connect: a transfer of their share for each payment, once all of it is there.

Off unless configured. What a partner has earned is in the ledger either way.
"""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Partner
from core.errors import Conflict
from payments import errands
from payments.gateway import Declined, Refused, Unreachable, enabled, gateway
from payments.ledger import PARTNERS, balance, book
from payments.models import Entry, Payment, PayoutAccount, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.states import AttemptKind, PaymentStatus, TransferStatus

log = logging.getLogger(__name__)

COLLECTED = [PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED]


def connected() -> bool:
    """Whether partners are paid by the provider."""
    return enabled() and bool(settings.STRIPE_CONNECT)


def onboarding_url(partner: Partner, *, return_url: str, now: datetime) -> str:
    """Where a partner gives the provider what it needs to pay them. Not inside a transaction. Raises `Conflict`."""
    if not connected():
        raise Conflict("payouts_off", "Payouts are not set up here.")
    try:
        account = PayoutAccount.objects.filter(partner=partner).first()
        if account is None:
            answer = gateway().create_account(
                errands.key("account", partner.pk), metadata={"partnerId": str(partner.pk)}
            )
            account, _ = PayoutAccount.objects.get_or_create(
                partner=partner, defaults={"reference": answer["id"], "created_at": now}
            )
        return gateway().onboarding_url(account.reference, return_url=return_url)
    except (Unreachable, Refused, Declined):
        raise Conflict("provider_unreachable", "The payment provider does not answer. Try again soon.") from None


def apply_account(answer: dict[str, Any], *, now: datetime) -> bool:
    """Take note of an account, as the provider has it now; what waited for it is paid."""
    ready = bool(answer.get("payouts_enabled"))
    account = PayoutAccount.objects.filter(reference=answer.get("id") or "-").first()
    if account is None:
        return False
    PayoutAccount.objects.filter(pk=account.pk).update(ready=ready)
    if ready:
        plan_all(account.partner_id, now=now)
    return True


def plan_all(partner_id: UUID, *, now: datetime) -> None:
    """Plan what a partner has earned and not been paid."""
    unpaid = Payment.objects.filter(partner=partner_id, transfer=None, partner_share__gt=0, status__in=COLLECTED)
    for payment_id in unpaid.values_list("pk", flat=True):
        with transaction.atomic():
            plan(Payment.objects.select_for_update().get(pk=payment_id), now=now)


def plan(payment: Payment, *, now: datetime) -> None:
    """Plan to pay the partner what is theirs of a locked payment, if all of it has come in through the provider."""
    share = -balance(PARTNERS, Entry.objects.filter(payment=payment))  # less what refunds took back of it
    if not connected() or payment.status not in COLLECTED or share <= 0:
        return
    account = PayoutAccount.objects.filter(partner=payment.partner_id, ready=True).first()
    by_card = not payment.attempts.filter(kind=AttemptKind.CASH).exists()
    if account is None or not by_card or Transfer.objects.filter(payment=payment).exists():
        return
    row = Transfer(
        payment=payment,
        partner_id=account.partner_id,
        amount=share,
        account_reference=account.reference,
        key=errands.key("transfer", payment.pk),
        next_step_at=now,
        created_at=now,
    )
    row.create(actor=None, at=now)
    errands.soon(row)


def take_back(payment: Payment, amount: int, *, source: UUID, now: datetime) -> None:
    """Plan to take back a part of what a partner was paid for a locked payment; nothing where they were not."""
    row = Transfer.objects.select_for_update().filter(payment=payment).first()
    if row is None or not amount:
        return
    row.reversed_amount += amount
    row.save(update_fields=["reversed_amount"])
    reversal = Reversal(
        transfer=row, amount=amount, key=errands.key("reversal", source), next_step_at=now, created_at=now
    )
    reversal.create(actor=None, at=now)
    errands.soon(reversal)


@errands.errand("transfer", Transfer)
def step_transfer(transfer_id: UUID) -> None:
    """Have the provider pay it."""
    row = Transfer.objects.select_related("payment").filter(pk=transfer_id).first()
    if row is None or row.status != TransferStatus.PLANNED or row.next_step_at is None or not connected():
        return
    _do(row, EntryKind.PAID_OUT, row.payment, lambda now: _transferred(row, now))


def _transferred(row: Transfer, now: datetime) -> dict[str, Any] | None:
    provider, group = gateway(), str(row.payment.ride_id)
    if errands.outlived(row, now) and (found := provider.find_transfer(group=group, key=row.key)):
        return found
    try:
        return provider.transfer(
            row.key,
            account=row.account_reference,
            amount=row.amount,
            currency=row.payment.currency,
            group=group,
            metadata={"key": row.key, "paymentId": str(row.payment_id)},
        )
    except Unreachable as error:
        if not error.spoilt:
            raise
        found = provider.find_transfer(group=group, key=row.key)
        if found is None:
            errands.use_another_key(row, now)
        return found


@errands.errand("reversal", Reversal)
def step_reversal(reversal_id: UUID) -> None:
    """Have the provider take it back, once it has been paid."""
    row = Reversal.objects.select_related("transfer__payment").filter(pk=reversal_id).first()
    if row is None or row.status != TransferStatus.PLANNED or row.next_step_at is None or not connected():
        return
    if row.transfer.status == TransferStatus.PLANNED:
        errands.retry_later(row, Unreachable("its transfer has not been made"), timezone.now())
        return
    _do(row, EntryKind.PAYOUT_REVERSED, row.transfer.payment, lambda now: _reversed(row, now))


def _reversed(row: Reversal, now: datetime) -> dict[str, Any] | None:
    provider, transfer = gateway(), row.transfer.reference
    if errands.outlived(row, now) and (found := provider.find_reversal(transfer=transfer, key=row.key)):
        return found
    try:
        return provider.reverse_transfer(row.key, transfer, amount=row.amount, metadata={"key": row.key})
    except Unreachable as error:
        if not error.spoilt:
            raise
        found = provider.find_reversal(transfer=transfer, key=row.key)
        if found is None:
            errands.use_another_key(row, now)
        return found


def _do(row: Transfer | Reversal, kind: EntryKind, payment: Payment, call: Any) -> None:
    now = timezone.now()
    try:
        answer = call(now)
    except Unreachable as error:
        errands.retry_later(row, error, now)
        return
    except (Refused, Declined) as refused:
        # Most often our balance does not cover it yet: what was charged today is there in some days.
        log.warning("%s %s was refused: %s", row._meta.model_name, row.pk, refused)
        errands.use_another_key(row, now)
        errands.retry_later(row, Unreachable("refused"), now)
        return
    if answer is not None:
        _done(row, kind, payment, str(answer["id"]), now=now)


def _done(row: Transfer | Reversal, kind: EntryKind, payment: Payment, reference: str, *, now: datetime) -> None:
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
        if locked.status == TransferStatus.PLANNED:
            locked.move(TransferStatus.SUCCEEDED, actor=None, at=now, reference=reference, next_step_at=None)
            book(kind, str(row.pk), payment, row.amount, now=now)
