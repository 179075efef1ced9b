"""Counts of what PostgreSQL has done: statements by kind, write-ahead log, and rows by table."""

from dataclasses import dataclass
from typing import Any

import psycopg

# Checked by a statement inside PostgreSQL, which no client sends.
FOREIGN_KEY_CHECK = "foreign key check"
STATEMENTS = """
    SELECT /* bench */
           CASE WHEN query LIKE 'SELECT % FROM ONLY % FOR KEY SHARE OF x' THEN 'foreign key check'
                WHEN query IN ('SELECT $1', 'SELECT 1') THEN 'health check'
                WHEN query ~* '^select .* for (no key )?update' THEN 'SELECT … FOR UPDATE'
                ELSE upper(split_part(query, ' ', 1)) END,
           query, calls::bigint, wal_bytes::bigint
    FROM pg_stat_statements WHERE query NOT LIKE 'SELECT /* bench */%'
"""
ROWS = """
    SELECT /* bench */ relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del
    FROM pg_stat_user_tables WHERE schemaname = 'public'
"""
LOG = """
    SELECT /* bench */ pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, (SELECT wal_fpi FROM pg_stat_wal)
"""


@dataclass(frozen=True)
class Counts:
    """Counts so far: of statements `(kind, query) -> (calls, bytes of log)`, of rows by table, and of log in bytes."""

    statements: dict[tuple[str, str], tuple[int, int]]
    rows: dict[str, tuple[int, ...]]  # inserted, updated, of these without touching an index, deleted
    wal: int
    full_pages: int  # whole pages in the log, each the first change of its page since a checkpoint


def install(server: "psycopg.Connection[Any]") -> None:
    """Make the statistics readable."""
    server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def read(server: "psycopg.Connection[Any]") -> Counts:
    """Read the counts so far."""
    statements: dict[tuple[str, str], tuple[int, int]] = {}
    for kind, query, calls, wal in server.execute(STATEMENTS):
        before = statements.get((kind, query), (0, 0))
        statements[kind, query] = before[0] + calls, before[1] + wal
    rows = {name: tuple(counts) for name, *counts in server.execute(ROWS)}
    [(wal, full_pages)] = server.execute(LOG)
    return Counts(statements, rows, wal, full_pages)


def calls_between(earlier: Counts, later: Counts) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the calls and bytes of log between two readings, by kind and query."""
    return {
        key: (calls - earlier.statements.get(key, (0, 0))[0], wal - earlier.statements.get(key, (0, 0))[1])
        for key, (calls, wal) in later.statements.items()
        if calls > earlier.statements.get(key, (0, 0))[0]
    }


def rows_between(earlier: Counts, later: Counts) -> dict[str, tuple[int, ...]]:
    """Return the rows written between two readings, by table."""
    nothing = (0, 0, 0, 0)
    changes = {
        table: tuple(now - then for then, now in zip(earlier.rows.get(table, nothing), counts, strict=True))
        for table, counts in later.rows.items()
    }
    return {table: counts for table, counts in changes.items() if any(counts)}
