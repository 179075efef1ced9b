"""Keeps the network out of transactions: a transaction holds locks, on SQLite the whole database's, and the network
may take seconds or never answer.
"""

from django.db import connections


class InsideTransaction(RuntimeError):
    """A mistake in the program: the network was used inside a transaction. No handler of network errors catches it."""


def require_no_transaction(what: str) -> None:
    """Raises `InsideTransaction`, naming `what` was used, unless this thread has no transaction open."""
    for connection in connections.all(initialized_only=True):
        for block in connection.atomic_blocks:
            # Django marks the transactions that its test cases wrap around whole tests.
            if not getattr(block, "_from_testcase", False):
                raise InsideTransaction(f"{what} was used inside a transaction.")
