"""Maps database errors to API errors."""

import logging
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from django.apps import apps
from django.db import Error, IntegrityError, InterfaceError
from django.db.models import Model, UniqueConstraint

from core.errors import ServiceError

log = logging.getLogger(__name__)

# SQLite's primary result codes (https://www.sqlite.org/rescode.html) are the low byte of the extended ones.
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
SQLITE_FULL = {sqlite3.SQLITE_FULL}
SQLITE_AWAY = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
# PostgreSQL's codes, or prefixes (https://www.postgresql.org/docs/current/errcodes-appendix.html); the longest wins.
SQLSTATES = {
    "40001": "busy",  # serialization_failure
    "40P01": "busy",  # deadlock_detected
    "55P03": "busy",  # lock_not_available: lock_timeout
    "57014": "busy",  # query_canceled: statement_timeout
    "53": "away",  # insufficient resources, such as connections
    "53100": "full",  # disk_full
    "57P": "away",  # shut down, crashed, starting
    "25006": "away",  # read_only_sql_transaction: a primary that has become a replica
    "25P03": "away",  # idle_in_transaction_session_timeout
    "08": "away",  # connection
}


class DatabaseTrouble(ServiceError):
    """The database can't do this now. The transaction was rolled back; retry it after `wait_s` seconds."""

    status = 503

    def __init__(self, code: str, detail: str, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(code, detail)


BUSY = DatabaseTrouble("database_busy", "Too much is going on at once. Nothing has changed; try again.", 1.0)
AWAY = DatabaseTrouble("database_unavailable", "The database does not answer. Nothing has changed; try again.", 2.0)
FULL = DatabaseTrouble("storage_full", "There is no room to store this. Nothing has changed; try again later.", 30.0)
TROUBLES = {"busy": BUSY, "away": AWAY, "full": FULL}


def trouble_of(error: BaseException) -> DatabaseTrouble | None:
    """Return the API error for a database error; None for any other error, and for a faulty statement of ours."""
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
    # No code means that no server answered: the connection was lost, or could not be made.
    gone = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) or isinstance(error, InterfaceError)
    return AWAY if gone else None


# ---------------------------------------------------------------- constraints

SQLITE_UNIQUE, SQLITE_INDEX = re.compile(r"UNIQUE constraint failed: (.+)"), re.compile(r"index '(.+)'")
SQLITE_CHECK = re.compile(r"CHECK constraint failed: (.+)")
POSTGRESQL_KEY = re.compile(r"\((.+?)\)=\(")  # of "Key (user_id)=(…) already exists.", in the server's language
UNIQUE_VIOLATION = "23505"


def broken_constraint(error: IntegrityError) -> str | None:
    """Name the constraint that refused a row, the same on SQLite and PostgreSQL.

    SQLite reports the columns of a unique constraint instead of its name, even if the constraint has a condition. They
    are mapped back to the constraint that the model declares for exactly these columns.

    Returns: the name of a constraint that a model declares; `table.column` (`table.column,other`, in alphabetical
        order) for columns declared unique without a name; None for any other error, such as a foreign key to a
        missing row or a missing value, and if several constraints of one model share these columns.
    """
    cause = error.__cause__
    if isinstance(cause, psycopg.Error):
        return _broken_on_postgresql(cause)
    if isinstance(cause, sqlite3.IntegrityError):
        return _broken_on_sqlite(str(cause))
    return None


@contextmanager
def refused_as(answers: Mapping[str, ServiceError]) -> Iterator[None]:
    """Raise `answers[name]` if the block violates the constraint of that name; re-raise any other error.

    Put the transaction or savepoint inside the block: foreign keys are only checked at the commit.
    """
    try:
        yield
    except IntegrityError as error:
        answer = answers.get(broken_constraint(error) or "")
        if answer is None:
            raise
        raise answer from None


def _broken_on_postgresql(error: psycopg.Error) -> str | None:
    table, name = error.diag.table_name or "", error.diag.constraint_name
    if name in _declared(table):
        return name
    key = POSTGRESQL_KEY.search(error.diag.message_detail or "")
    if error.sqlstate != UNIQUE_VIOLATION or key is None:
        return None
    return _of_columns(table, {column.strip().strip('"') for column in key[1].split(",")})


def _broken_on_sqlite(message: str) -> str | None:
    if found := SQLITE_CHECK.fullmatch(message):
        return found[1] if any(found[1] in _declared(model._meta.db_table) for model in apps.get_models()) else None
    if not (found := SQLITE_UNIQUE.fullmatch(message)):
        return None
    if index := SQLITE_INDEX.fullmatch(found[1]):  # an index on expressions
        return index[1]
    columns = [column.split(".") for column in found[1].split(", ")]
    return _of_columns(columns[0][0], {column for _, column in columns})


def _declared(table: str) -> dict[str, set[str]]:
    """Map the name of each constraint that the table's model declares to its columns; a check has none."""
    return {
        constraint.name: _columns(model, constraint) if isinstance(constraint, UniqueConstraint) else set()
        for model in apps.get_models()
        if model._meta.db_table == table
        for constraint in model._meta.constraints
    }


def _columns(model: type[Model], constraint: UniqueConstraint) -> set[str]:
    """Return the columns of a unique constraint; none for one on expressions, whose name SQLite reports."""
    return {str(model._meta.get_field(name).column) for name in constraint.fields}  # type: ignore[union-attr]


def _of_columns(table: str, columns: set[str]) -> str | None:
    """Return the constraint that declares these columns unique, or the columns if none does; None if several do."""
    names = [name for name, its_columns in _declared(table).items() if its_columns == columns]
    if len(names) > 1:
        return None
    return names[0] if names else f"{table}.{','.join(sorted(columns))}"
