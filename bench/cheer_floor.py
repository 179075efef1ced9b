"""The floor of a cheer: the same rows, in tables with the same indexes, written by one psycopg connection."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

TRANSACTIONS = 5  # of a cheer: request with offer, acceptance, arrival, start, end
SCHEMA = "bench_floor"


@dataclass(frozen=True)
class Work:
    """The writes of a cheer to one table, in the floor's copy of it."""

    table: sql.Identifier
    key: sql.Identifier
    kept: sql.Identifier  # a column without an index, which updates write
    rows: list[tuple[Any, ...]]  # rows of the program, to be written again
    inserts: int  # a cheer
    updates: int


@dataclass(frozen=True)
class Floor:
    """The least that a cheer costs."""

    statements: float
    wal: float
    client_ms: float


def write(server: "psycopg.Connection[Any]", a_cheer: Mapping[str, tuple[int, int]], cheers: int) -> Floor:
    """Write `cheers` cheers whose rows inserted and updated, by table, are `a_cheer`. Returns the cost of one."""
    server.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    works = [_copy(server, table, inserts, updates, cheers) for table, (inserts, updates) in a_cheer.items()]
    [(before,)] = server.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
    begun, statements = _own_cpu_ms(), 0
    for number in range(cheers):
        for part in range(TRANSACTIONS):
            with server.transaction():
                statements += 2 + sum(_write_part(server, work, number, part) for work in works)
    client_ms = _own_cpu_ms() - begun
    [(after,)] = server.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
    return Floor(statements / cheers, (after - before) / cheers, client_ms / cheers)


def _own_cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3


def _copy(server: "psycopg.Connection[Any]", table: str, inserts: int, updates: int, cheers: int) -> Work:
    """Create the copy of a table; fill it, unless a cheer inserts into it."""
    ours, theirs = sql.Identifier(SCHEMA, table), sql.Identifier("public", table)
    server.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(ours, theirs))
    named = {"table": f'public."{table}"'}
    [(key,)] = server.execute(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
        "WHERE i.indrelid = %(table)s::regclass AND i.indisprimary",
        named,
    )
    plain = server.execute(
        "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 "
        "AND NOT a.attisdropped AND NOT EXISTS (SELECT 1 FROM pg_depend d JOIN pg_index i ON i.indexrelid = d.objid "
        "WHERE d.refobjid = a.attrelid AND d.refobjsubid = a.attnum) ORDER BY a.attnum LIMIT 1",
        named,
    ).fetchone()
    if not inserts:
        server.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(ours, theirs))
    newest = sql.SQL("SELECT {}, (t.*)::text FROM {} t ORDER BY ctid DESC LIMIT %s").format(sql.Identifier(key), theirs)
    rows = server.execute(newest, [max(1, inserts) * cheers]).fetchall()
    return Work(ours, sql.Identifier(key), sql.Identifier(plain[0] if plain else key), rows, inserts, updates)


def _write_part(server: "psycopg.Connection[Any]", work: Work, number: int, part: int) -> int:
    """Write one transaction's share of a cheer to one table. Returns the number of statements."""
    first = number * max(1, work.inserts) % len(work.rows)
    start = first + sum(_share(work.inserts, earlier) for earlier in range(part))
    mine = [text for _, text in work.rows[start : start + _share(work.inserts, part)]]
    if mine:
        rows = sql.SQL(" UNION ALL ").join([sql.SQL("SELECT (%s::{}).*").format(work.table)] * len(mine))
        server.execute(sql.SQL("INSERT INTO {} ").format(work.table) + rows, mine)
    updates = _share(work.updates, part)
    change = sql.SQL("UPDATE {0} SET {1} = {1} WHERE {2} = %s").format(work.table, work.kept, work.key)
    for _ in range(updates):
        server.execute(change, [work.rows[first][0]])
    return bool(mine) + updates


def _share(count: int, part: int) -> int:
    """Return how many of `count` writes belong to one of the transactions."""
    return count // TRANSACTIONS + (part < count % TRANSACTIONS)
