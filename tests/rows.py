"""The rows of all tables, to see whether something has changed them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

OUR_APPS = (
    "accounts",
    "alerts",
    "backoffice",
    "failures",
    "insights",
    "notifications",
    "payments",
    "regions",
    "requests_app",
    "rides",
    "risk",
)


READING = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET")  # and WITH may write
# A page that staff open about a person leaves a row (backoffice/looking.py), which its own tests look at.
BUT = {"backoffice_staffaction": "WHERE action <> 'looked'"}


def models_of(*labels: str) -> list[type[Model]]:
    """Every model of these apps."""
    return [model for label in labels for model in apps.get_app_config(label).get_models()]


def rows_of(models: Iterable[type[Model]]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of these models by table, without those that `BUT` leaves out.

    Plain SQL: the ORM would take longer than the calls that are watched.
    """
    found = {}
    with connection.cursor() as cursor:
        for model in models:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(f'SELECT * FROM "{table}" {BUT.get(table, "")} ORDER BY "{key}"')  # noqa: S608
            found[table] = cursor.fetchall()
    return found


@contextmanager
def written() -> Iterator[list[str]]:
    """Gives the statements that may change a row, as they are executed inside on this connection."""
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if may_write(sql):
            statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def may_write(sql: str) -> bool:
    """Whether a statement may change a row."""
    return sql.split(maxsplit=1)[0].upper() not in READING


@contextmanager
def rows_unchanged(models: list[type[Model]]) -> Iterator[None]:
    """What happens inside changes no row of these models.

    In the transaction of a test, which no other connection can look into, all rows are read only before the first
    statement that may change one, which most calls that are refused never come to.
    """
    before = None if connection.in_atomic_block else rows_of(models)

    def read_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal before
        if before is None and may_write(sql):
            before = rows_of(models)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(read_first):
        yield
    assert before is None or rows_of(models) == before
