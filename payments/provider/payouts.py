"""Paying partners by Stripe Connect: their accounts, and the steps of transfers and reversals."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Partner
from core.digests import keyed_digest
from core.errors import Conflict
from payments.books import payouts
from payments.configuration import connected
from payments.mails import tell_of_payout_account
from payments.models import PayoutAccount, Reversal, Transfer
from payments.operations import operation_key, retry_later
from payments.provider.call import provider_call, replace_key
from payments.provider.gateway import Declined, Refused, Unreachable, gateway
from payments.states import TransferStatus
from risk.flags import raise_flag
from risk.states import FlagKind

log = logging.getLogger(__name__)

# A refused payout is tried again for this time: most often our balance does not cover it yet, because the money of a
# charge is available only some days later. Afterwards the account itself must be the reason, which people find out.
REFUSED_FOR = timedelta(days=14)


def onboarding_url(partner: Partner, *, return_url: str, now: datetime) -> str:
    """Returns the address where a partner gives the provider what it needs to pay them. Not inside a transaction.

    Raises: `Conflict` (`payouts_off`, `provider_unreachable`).
    """
    if not connected():
        raise Conflict("payouts_off", "Payouts are not set up here.")
    try:
        account = PayoutAccount.objects.filter(partner=partner).first()
        if account is None:
            key = operation_key("account", partner.pk)
            answer = gateway().create_account(key, metadata={"partnerId": str(partner.pk)})
            account, _ = PayoutAccount.objects.get_or_create(
                partner=partner, defaults={"reference": answer["id"], "created_at": now}
            )
        return gateway().onboarding_url(account.reference, return_url=return_url)
    except (Unreachable, Refused, Declined):
        raise Conflict("provider_unreachable", "The payment provider does not answer. Try again soon.") from None


def apply_account(answer: dict[str, Any], *, now: datetime) -> bool:
    """Apply an account's present state, and plan the payouts that waited for it; returns whether it is ours."""
    ready = bool(answer.get("payouts_enabled"))
    account = PayoutAccount.objects.filter(reference=answer.get("id") or "-").first()
    if account is None:
        return False
    PayoutAccount.objects.filter(pk=account.pk).update(ready=ready)
    _note_destination(account.pk, answer, now=now)
    if ready:
        payouts.plan_all(account.partner_id, now=now)
    return True


def _note_destination(account_id: UUID, answer: dict[str, Any], *, now: datetime) -> None:
    """Store where the provider pays an account's money to; a change holds its payouts, is flagged and mailed."""
    found = (answer.get("external_accounts") or {}).get("data") or []
    chosen = next((each for each in found if each.get("default_for_currency")), found[0] if found else {})
    digest = keyed_digest("destination", str(chosen.get("fingerprint") or chosen.get("id") or ""))
    if not chosen:
        return
    with transaction.atomic():
        account = (
            PayoutAccount.objects.select_for_update(of=("self",)).select_related("partner__user").get(pk=account_id)
        )
        if account.destination == digest:
            return
        changes = bool(account.destination)
        account.destination, account.changed_at = digest, now
        account.save(update_fields=["destination", "changed_at"])
        if changes:
            tell_of_payout_account(account.partner.user, now=now)
            raise_flag(
                FlagKind.PAYOUT_ACCOUNT_CHANGED,
                now=now,
                account_id=account.partner.user_id,
                subject=f"partner:{account.partner_id}",
                figure=0,
                limit=settings.PAYOUT_ACCOUNT_DELAY_DAYS,
            )


def step_transfer(transfer_id: UUID) -> None:
    """Have the provider pay a transfer."""
    row = Transfer.objects.select_related("payment").filter(pk=transfer_id).first()
    if row is None or row.status != TransferStatus.PLANNED or row.next_step_at is None or not connected():
        return
    group = str(row.payment.ride_id)
    _carry_out(
        row,
        lambda key: gateway().transfer(
            key,
            account=row.account_reference,
            amount=row.amount,
            currency=row.payment.currency,
            group=group,
            metadata={"key": key, "paymentId": str(row.payment_id)},
        ),
        lambda key: gateway().find_transfer(group=group, key=key),
    )


def step_reversal(reversal_id: UUID) -> None:
    """Have the provider take a part of a transfer back, once the transfer has been paid."""
    row = Reversal.objects.select_related("transfer__payment").filter(pk=reversal_id).first()
    if row is None or row.status != TransferStatus.PLANNED or row.next_step_at is None or not connected():
        return
    transfer = row.transfer
    if transfer.status == TransferStatus.PLANNED:
        retry_later(row, "its transfer has not been made", timezone.now())
    elif transfer.status == TransferStatus.FAILED:
        payouts.fail(row, "its transfer has failed", now=timezone.now())
    else:
        _carry_out(
            row,
            lambda key: gateway().reverse_transfer(key, transfer.reference, amount=row.amount, metadata={"key": key}),
            lambda key: gateway().find_reversal(transfer=transfer.reference, key=key),
        )


def _carry_out(
    row: Transfer | Reversal,
    call: Callable[[str], dict[str, Any]],
    find: Callable[[str], dict[str, Any] | None],
) -> None:
    now = timezone.now()
    try:
        answer = provider_call(row, call, find, now=now)
    except Unreachable as error:
        retry_later(row, error, now)
    except (Refused, Declined) as refused:
        if now - row.created_at > REFUSED_FOR:
            payouts.fail(row, f"refused: {refused.code}", now=now)
            return
        replace_key(row, now)
        retry_later(row, f"refused: {refused.code}", now)
    else:
        if answer is not None:
            payouts.succeed(row, str(answer["id"]), now=now)
