"""Paying partners by Stripe Connect: the steps of transfers and reversals."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from payments.books import payouts
from payments.configuration import connected
from payments.models import Reversal, Transfer
from payments.operations import retry_later
from payments.provider import parameters
from payments.provider.call import parameters_of, provider_call, replace_key
from payments.provider.gateway import Answer, Declined, Refused, Unreachable, gateway
from payments.states import TransferStatus

# A refused payout is tried again for this time: most often our balance does not cover it yet, because the money of a
# charge is available only some days later. Afterwards the account itself must be the reason, which people find out.
REFUSED_FOR = timedelta(days=14)


def step_transfer(transfer_id: UUID) -> None:
    """Have the provider pay a transfer."""
    row = Transfer.objects.select_related("payment").filter(pk=transfer_id).first()
    if row is None or row.status != TransferStatus.PLANNED or row.next_step_at is None or not connected():
        return
    group = str(row.payment.ride_id)
    _carry_out(
        row,
        lambda: parameters.of_transfer(
            account=row.account_reference,
            amount=row.amount,
            currency=row.payment.currency,
            group=group,
            metadata={"paymentId": str(row.payment_id)},
        ),
        lambda key, params: gateway().transfer(key, params),
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
            lambda: parameters.of_reversal(amount=row.amount, metadata={}),
            lambda key, params: gateway().reverse_transfer(key, transfer.reference, params),
            lambda key: gateway().find_reversal(transfer=transfer.reference, key=key),
        )


def _carry_out(
    row: Transfer | Reversal,
    build: Callable[[], Answer],
    call: Callable[[str, Answer], Answer],
    find: Callable[[str], Answer | None],
) -> None:
    now = timezone.now()
    try:
        params = parameters_of(row, build)
        answer = provider_call(row, lambda key: call(key, params), find, now=now)
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
