"""Paying partners by Stripe Connect: the steps of transfers and reversals."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from payments.books import payouts
from payments.configuration import connected
from payments.models import PayoutAccount, Reversal, Transfer
from payments.operations import KINDS, retry_later
from payments.provider import parameters
from payments.provider.call import parameters_of, provider_call, replace_key
from payments.provider.gateway import Answer, Declined, Refused, Unreachable, gateway
from payments.states import TransferStatus

# The waits after a refusal, before a payout is given up and people find out why: most often the account, which its
# partner can put right, or a balance that doesn't cover it.
REFUSED_WAITS = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    *[timedelta(days=1)] * 2,
    timedelta(days=2),
    timedelta(days=3),
)
NOT_READY = "insufficient_capabilities_for_transfer"


def step_transfer(transfer_id: UUID) -> None:
    """Have the provider pay a transfer."""
    row = Transfer.objects.select_related("payment", "attempt").filter(pk=transfer_id).first()
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
            source=_charge_of(row),
            metadata={"paymentId": str(row.payment_id)},
        ),
        lambda key, params: gateway().transfer(key, params),
        lambda key: gateway().find_transfer(group=group, key=key),
    )


def _charge_of(row: Transfer) -> str | None:
    """Returns the provider's charge that a transfer is drawn from: it need not wait for the money."""
    if row.attempt is None:
        return None
    charge = gateway().intent(row.attempt.reference).get("latest_charge")
    return str(charge["id"] if isinstance(charge, dict) else charge) if charge else None


def step_reversal(reversal_id: UUID) -> None:
    """Have the provider take a part of a transfer back, once the transfer has been paid."""
    row = Reversal.objects.select_related("transfer__payment").filter(pk=reversal_id).first()
    if row is None or row.status != TransferStatus.PLANNED or row.next_step_at is None or not connected():
        return
    transfer = row.transfer
    if transfer.status == TransferStatus.PLANNED:
        retry_later(row, "its transfer has not been made", clock.now())
    elif transfer.status == TransferStatus.FAILED:
        payouts.fail(row, "its transfer has failed", now=clock.now())
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
    now = clock.now()
    try:
        params = parameters_of(row, build)
        answer = provider_call(row, lambda key: call(key, params), find, now=now)
    except Unreachable as error:
        retry_later(row, error, now)
    except (Refused, Declined) as refused:
        _note_refusal(row, refused.code, now=now)
    else:
        if answer is not None:
            payouts.succeed(row, str(answer["id"]), now=now)


def _note_refusal(row: Transfer | Reversal, code: str, *, now: datetime) -> None:
    """Try a refused payout again after a growing wait, with another key; give it up in the end."""
    if isinstance(row, Transfer) and code == NOT_READY:
        PayoutAccount.objects.filter(reference=row.account_reference).update(ready=False)
    failure = f"refused: {code}"
    if row.refusals >= len(REFUSED_WAITS):
        payouts.fail(row, failure, now=now)
        return
    replace_key(row, now)
    later = now + REFUSED_WAITS[row.refusals]
    KINDS[type(row)].rows.postpone(row.pk, later, refusals=row.refusals + 1, failure=failure[:100])
