"""The program with the times that people meet: a request waits for ten minutes, and an offer for twenty seconds."""

from drill.system import System
from testbed import stack
from testbed.stack import Stack

LIFELIKE = {
    "OFFER_TTL_S": "20",
    "REQUEST_PATIENCE_S": "600",
    "RECEIPT_AFTER_S": "60",
    "POSITION_SPEED_MAX_MPS": "50",
}


class AlertSystem(System):
    """The program as it is in production, whose alert rules are to be silent while all is well."""

    def start_program(self, environment: dict[str, str]) -> Stack:
        return stack.start(environment | LIFELIKE, arguments=("--follow-parent",))
