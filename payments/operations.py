"""Provider operations: the rows that stand for something the payment provider is to do, as background jobs.

A row commits together with what makes it necessary. Its `next_step_at` says when its next step is due (core/jobs.py);
the step calls the provider outside of any transaction, and writes the result in one (payments/provider/steps.py).
"""

import logging
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import F, Model

from core.jobs import DueRows, retry_delay
from payments.models import Attempt, Customer, Dispute, Hold, PayoutAccount, ProviderEvent, Refund, Reversal, Transfer
from payments.models.operation import ProviderOperation

log = logging.getLogger(__name__)

TURN = "~"  # separates a key from the number of its replacement


class Operation(StrEnum):
    """The kinds of provider operations, by the names that their tasks carry."""

    ATTEMPT = "attempt"
    HOLD = "hold"
    REFUND = "refund"
    TRANSFER = "transfer"
    REVERSAL = "reversal"
    EVENT = "event"
    CUSTOMER = "customer"
    ACCOUNT = "account"
    DISPUTE = "dispute"

    @property
    def rows(self) -> DueRows:
        """The rows of this kind."""
        return DueRows(MODELS[self], "next_step_at", "run_operation", (self.value,))


MODELS: dict[Operation, type[Model]] = {
    Operation.ATTEMPT: Attempt,
    Operation.HOLD: Hold,
    Operation.REFUND: Refund,
    Operation.TRANSFER: Transfer,
    Operation.REVERSAL: Reversal,
    Operation.EVENT: ProviderEvent,
    Operation.CUSTOMER: Customer,
    Operation.ACCOUNT: PayoutAccount,
    Operation.DISPUTE: Dispute,
}
KINDS = {model: operation for operation, model in MODELS.items()}


def enqueue_on_commit(row: Model) -> None:
    """Enqueue the next step of a row when this transaction commits."""
    KINDS[type(row)].rows.enqueue_on_commit(row.pk)


def retry_later(
    row: ProviderOperation | Customer | Dispute | PayoutAccount | ProviderEvent, reason: object, now: datetime
) -> None:
    """Repeat a step whose outcome is unknown, with the same key and after a growing delay."""
    log.warning("%s %s: the provider did not answer (%s)", row._meta.model_name, row.pk, reason)
    error = type(reason).__name__ if isinstance(reason, Exception) else str(reason)
    KINDS[type(row)].rows.failed(row.pk, error, now + retry_delay(row.tries), tries=F("tries") + 1)


def operation_key(*parts: str | UUID | int) -> str:
    """The idempotency key of an operation, made of business ids."""
    return ":".join(str(part) for part in parts)


def stem_of(key: str) -> str:
    """Returns a key without the turn that replaced it: the same for all calls that stand for one effect."""
    return key.partition(TURN)[0]
