"""Checks idle connections without a statement for each request.

Django asks a server with `SELECT 1` whether a connection that it keeps still works, once in each request. A server that
goes away closes its connections, and the kernel breaks one whose other end has vanished (the keepalives in
speedycheers/settings/storage.py). Either makes the connection's socket readable, and nothing else does in between
requests. The server is asked only then, or if it has not been for `ASKED_EVERY_S`.
"""

import select
import time
from math import inf
from typing import Any

from django.db.backends.postgresql import base
from psycopg import pq

ASKED_EVERY_S = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL, checked cheaply."""

    _asked_at = -inf

    def is_usable(self) -> bool:
        """Return whether the connection works; an idle and quiet one that has just been checked does."""
        now = time.monotonic()
        if self.connection is not None and now < self._asked_at + ASKED_EVERY_S and _is_quiet(self.connection.pgconn):
            return True
        self._asked_at = now
        return bool(super().is_usable())


def _is_quiet(connection: Any) -> bool:
    """Whether the server has sent nothing, neither words nor the end of the connection."""
    if connection.status != pq.ConnStatus.OK:
        return False
    poll = select.poll()
    poll.register(connection.socket, select.POLLIN)
    return not poll.poll(0)
