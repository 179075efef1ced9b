"""Writes very many rows: by COPY on PostgreSQL, with the indexes and foreign keys built once all rows are there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from ops.made_history.rows import Table

# Everything that would be kept up to date or checked row by row, except primary keys, checks and partial indexes, most
# of which are about open rows. Foreign keys go first and come back last, because they need the unique constraints of
# the tables that they point at.
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u') AND conparentid = 0 ORDER BY contype = 'u', conname
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = ANY(%s::regclass[]) AND NOT relispartition AND indpred IS NULL
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
"""
SETTINGS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "maintenance_work_mem": "'512MB'",
}


@contextmanager
def bulk(tables: Iterable[Table]) -> Iterator[None]:
    """Run the block in one transaction that writes rows of these tables. If it fails, nothing has changed."""
    if connection.vendor != "postgresql":
        with transaction.atomic():
            yield
        return
    names = sorted({table.name for table in tables})
    with transaction.atomic(), connection.cursor() as cursor:
        for setting, value in SETTINGS.items():
            cursor.execute(f"SET LOCAL {setting} = {value}")
        cursor.execute(CONSTRAINTS, [names])
        constraints = cursor.fetchall()
        for table, name, _ in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {connection.ops.quote_name(name)}")
        cursor.execute(INDEXES, [names])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition.replace(" ON ONLY ", " ON "))
        for name in names:
            cursor.execute(f"ANALYZE {name}")
        for table, name, definition in reversed(constraints):
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {connection.ops.quote_name(name)} {definition}")


def write(tables: Iterable[Table]) -> None:
    """Write the rows that wait, in the order of the tables."""
    with connection.cursor() as cursor:
        for table in tables:
            rows = table.taken()
            if not rows:
                continue
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table.name} ({table.columns}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(rows[0]))
                insert = f"INSERT INTO {table.name} ({table.columns}) VALUES ({marks})"  # noqa: S608 - names of ours
                cursor.executemany(insert, rows)


def vacuum(tables: Iterable[Table]) -> None:
    """Bring PostgreSQL's maps and statistics of the tables up to date, as its own processes do in time."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            for name in sorted({table.name for table in tables}):
                cursor.execute(f"VACUUM (ANALYZE) {name}")
