"""`manage.py migrate`: Django's, which on PostgreSQL waits for locks only briefly, and tries again."""

import logging
import time
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections

log = logging.getLogger(__name__)

# While an ALTER waits behind a long reader, everybody else waits behind the ALTER. No call of ours needs as long.
LOCK_WAIT_S = 0.5
PAUSE_S = 3.0
PATIENCE_S = 900.0
LOCK_NOT_AVAILABLE = "55P03"
ONE_AT_A_TIME = 7_310_544  # the key of an advisory lock; another migration waits for it


class Command(migrate.Command):
    help = f"{migrate.Command.help} Holds nobody up for long: waits {LOCK_WAIT_S} s for a lock, and tries again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--patience", type=float, default=PATIENCE_S, help=f"seconds until it gives up ({PATIENCE_S:.0f})"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql" or connection.in_atomic_block:
            super().handle(*args, **options)
            return
        give_up_at = time.monotonic() + options["patience"]
        while True:
            try:
                self._hold(connection)
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE or time.monotonic() > give_up_at:
                    raise
                log.warning("a lock was not free within %s s; the next try is in %s s", LOCK_WAIT_S, PAUSE_S)
            finally:
                connection.close()  # which ends the lock and these time-outs
            time.sleep(PAUSE_S)

    def _hold(self, connection: Any) -> None:
        """Set the time-outs of this connection, and take the lock that keeps a second migration waiting."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_WAIT_S * 1000:.0f}ms'")
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
