"""Keeps the network out of transactions: a transaction holds locks (on SQLite, of the whole database), and the network
may take seconds or never answer.
"""

from django.db import connections


class InsideTransaction(RuntimeError):
    """A programming error: the network was used inside a transaction. Handlers of network errors don't catch it."""


def require_no_transaction(what: str) -> None:
    """Raise `InsideTransaction` if this thread has a transaction open; `what` names the service in the message."""
    if in_transaction():
        raise InsideTransaction(f"{what} was used inside a transaction.")


def in_transaction() -> bool:
    """Return whether this thread has a transaction open."""
    return any(
        # Django marks the transactions that its test cases wrap around whole tests.
        not getattr(block, "_from_testcase", False)
        for connection in connections.all(initialized_only=True)
        for block in connection.atomic_blocks
    )
