"""Leases: a worker keeps a row to itself while it works on it, and loses it soon after it dies.

A lease is a moment in a column of the row; until then the row belongs to its worker. It is short, because the rows of
a dead worker must be taken over within seconds, and it is renewed, because a call may take much longer. One thread
renews all leases of a process: it opens a database connection only for work that outlasts `RENEW_EVERY_S`, and closes
it when the process has no leases.

A lease is a courtesy, not a lock. If renewals come late (after a database restart, or behind a lock of seconds),
another worker takes over, so the work itself must be safe to run twice and simultaneously.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, models

from core import clock

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=3)  # a dead worker keeps others from its rows for at most this time
RENEW_EVERY_S = 0.5


@dataclass(eq=False, slots=True)
class Lease:
    """A row leased by this process: `column` contains `until` unless another process has written to it."""

    model: type[models.Model]
    column: str
    pk: Any
    until: datetime

    def renew(self) -> bool:
        """Extend the lease; returns False if the column contains another moment, which means that the lease is lost."""
        until = clock.now() + LEASE
        held = self.model._default_manager.filter(pk=self.pk, **{self.column: self.until})
        if not held.update(**{self.column: until}):
            return False
        self.until = until
        return True


class Renewer:
    """Renews the leases of this process in one thread, which starts with the first lease."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[Lease, float] = {}  # the time of the next renewal, by the monotonic clock
        self._thread: threading.Thread | None = None

    @contextmanager
    def renewing(self, lease: Lease) -> Iterator[None]:
        """Renew a lease until the block ends or another process writes to its column."""
        with self._changed:
            self._held[lease] = time.monotonic() + RENEW_EVERY_S
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            self._let_go(lease)

    def holds(self, pk: Any) -> bool:
        """Return whether this process renews a lease of the row with this id."""
        with self._changed:
            return any(lease.pk == pk for lease in self._held)

    def _let_go(self, lease: Lease) -> None:
        with self._changed:
            self._held.pop(lease, None)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            for lease in self._next():
                self._renew(lease)

    def _next(self) -> list[Lease]:
        """Wait until leases are due for renewal, and return them."""
        with self._changed:
            while True:
                if not self._held:
                    connection.close()
                now = time.monotonic()
                due = [lease for lease, at in self._held.items() if at <= now]
                if due:
                    self._held.update(dict.fromkeys(due, now + RENEW_EVERY_S))
                    return due
                self._changed.wait(min(self._held.values()) - now if self._held else None)

    def _renew(self, lease: Lease) -> None:
        """Renew one lease. If the database fails, the next turn tries again on a new connection."""
        try:
            if not lease.renew():
                self._let_go(lease)
        except DatabaseError as error:
            log.warning("a lease was not renewed: %s", type(error).__name__)
            connection.close()


renewer = Renewer()
