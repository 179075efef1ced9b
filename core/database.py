"""What a failure of the database means to whoever asked: nothing has changed, and it is worth trying again."""

import logging
import sqlite3

import psycopg
from django.db import Error, InterfaceError

from core.errors import ServiceError

log = logging.getLogger(__name__)

# SQLite's primary result codes (https://www.sqlite.org/rescode.html) are the low byte of the extended ones.
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
SQLITE_FULL = {sqlite3.SQLITE_FULL}
SQLITE_AWAY = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
# PostgreSQL's (https://www.postgresql.org/docs/current/errcodes-appendix.html), the longest match counts.
SQLSTATES = {
    "40001": "busy",  # serialization_failure
    "40P01": "busy",  # deadlock_detected
    "55P03": "busy",  # lock_not_available: lock_timeout
    "57014": "busy",  # query_canceled: statement_timeout
    "53": "away",  # insufficient resources, such as connections
    "53100": "full",  # disk_full
    "57P": "away",  # shut down, crashed, starting
    "25P03": "away",  # idle_in_transaction_session_timeout
    "08": "away",  # connection
}


class DatabaseTrouble(ServiceError):
    """The database can't do it now. The transaction was rolled back; `wait_s` is when to try again."""

    status = 503

    def __init__(self, code: str, detail: str, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(code, detail)


BUSY = DatabaseTrouble("database_busy", "Too much is going on at once. Nothing has changed; try again.", 1.0)
AWAY = DatabaseTrouble("database_unavailable", "The database does not answer. Nothing has changed; try again.", 2.0)
FULL = DatabaseTrouble("storage_full", "There is no room to store this. Nothing has changed; try again later.", 30.0)
TROUBLES = {"busy": BUSY, "away": AWAY, "full": FULL}


def trouble_of(error: BaseException) -> DatabaseTrouble | None:
    """What to tell of an error of the database; None for any other, and for a mistake of our own in a statement."""
    if not isinstance(error, Error):
        return None
    trouble = _trouble(error, error.__cause__)
    if trouble is not None:
        log.warning("%s: %s", trouble.code, type(error.__cause__ or error).__name__)
    return trouble


def _trouble(error: Error, cause: BaseException | None) -> DatabaseTrouble | None:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        kinds = [(SQLITE_BUSY, BUSY), (SQLITE_FULL, FULL), (SQLITE_AWAY, AWAY)]
        return next((trouble for codes, trouble in kinds if code in codes), None)
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        found = [prefix for prefix in SQLSTATES if cause.sqlstate.startswith(prefix)]
        return TROUBLES[SQLSTATES[max(found, key=len)]] if found else None
    # Without a code from the server there was none: the connection is gone, or could not be had.
    gone = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) or isinstance(error, InterfaceError)
    return AWAY if gone else None
