"""How all tables are emptied between tests that commit: some tables' triggers reject DELETE, and TRUNCATE is slow.

What names the models and the rights on them stays: no test changes it, and making it again takes longer than most
tests.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.commands import flush
from django.db import connection

APPEND_ONLY = ("payments_entry", "backoffice_staffaction")
TRIGGERS = tuple(f"{table}_no_delete" for table in APPEND_ONLY)  # SQLite's; PostgreSQL's let TRUNCATE pass
KEPT = ("django_content_type", "auth_permission")
Flush = Callable[..., Sequence[str]]


def let_tests_empty_tables() -> None:
    """Replace how Django empties tables of the database that the settings name."""
    operations = type(connection.ops)
    ours = on_postgres(operations.sql_flush) if connection.vendor == "postgresql" else on_sqlite(operations.sql_flush)
    operations.sql_flush = keeping(ours)  # type: ignore[assignment,method-assign]
    flush.emit_post_migrate_signal = lambda *_: None  # type: ignore[assignment]  # which makes what is kept


def keeping(empty: Flush) -> Flush:
    """Leave out what is kept."""

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> Sequence[str]:
        return empty(self, style, [table for table in tables if table not in KEPT], **options)

    return sql_flush


def on_sqlite(django: Flush) -> Flush:
    """Drop these triggers meanwhile."""

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> Sequence[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name IN (%s, %s)", TRIGGERS)
            found = cursor.fetchall()
        statements = django(self, style, tables, **options)
        return [*(f"DROP TRIGGER {name}" for name, _ in found), *statements, *(sql for _, sql in found)]

    return sql_flush


def on_postgres(django: Flush) -> Flush:
    """Delete rows: TRUNCATE gives each table and index a new file, however few rows there are.

    Like TRUNCATE, this waits for the transactions of threads that a test has left behind.
    """

    def sql_flush(
        self: Any, style: Any, tables: Sequence[str], reset_sequences: bool = False, **options: Any
    ) -> Sequence[str]:
        if reset_sequences or not tables:
            return django(self, style, tables, reset_sequences=reset_sequences, **options)
        names = {table: self.quote_name(table) for table in tables}
        lock = f"LOCK TABLE {', '.join(names.values())} IN ACCESS EXCLUSIVE MODE"
        empty = [f"{'TRUNCATE' if table in APPEND_ONLY else 'DELETE FROM'} {name}" for table, name in names.items()]
        return [lock, *sorted(empty, reverse=True)]

    return sql_flush
