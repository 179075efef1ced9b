"""The table of operations and their steps, and running one.

A step is called with a row's id. It is safe to run twice, simultaneously, and after a crash at any line: the row says
what is to be done, its key makes a repetition harmless, and the answer is applied forward only.
"""

from collections.abc import Callable
from typing import Any

from core import clock
from payments.operations import Operation, retry_later
from payments.provider.accounts import step_account
from payments.provider.cards import step_customer
from payments.provider.collecting import step_attempt, step_hold
from payments.provider.disputes import step_dispute
from payments.provider.events import step_event
from payments.provider.payouts import step_reversal, step_transfer
from payments.provider.refunds import step_refund

Step = Callable[[Any], None]

STEPS: dict[Operation, Step] = {
    Operation.ATTEMPT: step_attempt,
    Operation.HOLD: step_hold,
    Operation.REFUND: step_refund,
    Operation.TRANSFER: step_transfer,
    Operation.REVERSAL: step_reversal,
    Operation.EVENT: step_event,
    Operation.CUSTOMER: step_customer,
    Operation.ACCOUNT: step_account,
    Operation.DISPUTE: step_dispute,
}


def execute(operation: Operation, pk: Any) -> None:
    """Run the step of a row that is due or queued, unless another worker is at it.

    A step that breaks is a bug, which raises; its row is tried again, ever more seldom, and the audit finds it.
    """
    with operation.rows.leased(pk) as mine:
        if not mine:
            return
        try:
            STEPS[operation](pk)
        except Exception as error:
            row: Any = operation.rows.model._default_manager.get(pk=pk)
            retry_later(row, type(error).__name__, clock.now())
            raise
