"""Reads how PostgreSQL carries out the statements of a call, and finds those that read more as a history grows."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.fuzz.world import rolled_back
from tests.planning import by_index

BIG = 2000  # rows: a table of the history, not one of settings or accounts
WHOLE = 0.9  # of a table; a limit ends a scan of fewer rows
WHOLE_TABLE = "reads all of"
READ_MAX = 500  # rows that a statement may read: more than any page shows, fewer than a busy account has

TABLES = """
SELECT relname, reltuples FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND reltuples > %s
"""


def big_tables() -> dict[str, float]:
    """The tables that have many rows, with their number."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(TABLES, [BIG])
        return dict(cursor.fetchall())


def statements_of(client: Client, path: str) -> list[str]:
    """The statements of one call, whose effects are undone."""

    def call() -> None:
        answer = client.get(path, HTTP_ACCEPT="text/html,*/*;q=0.8")
        if getattr(answer, "streaming", False):
            b"".join(answer)  # type: ignore[call-overload]
        assert answer.status_code not in (429, 500), (path, answer.content[:500])

    return statements_while(call)


def statements_while(work: Callable[[], object]) -> list[str]:
    """The statements of some work, whose effects are undone."""
    reset_queries()  # the log takes a limited number
    with CaptureQueriesContext(connection) as captured, rolled_back():
        work()
    return [query["sql"] for query in captured]


def grown_statements(statements: list[str], tables: dict[str, float], most: int = READ_MAX) -> list[str]:
    """Return the findings about statements that read a whole table, or more than `most` of its rows.

    Reading the whole of a table as small as those here, or sorting some thousand of its rows, may seem the cheapest,
    and does or doesn't by a few pages that are to be vacuumed. So a statement that does is asked again whether an index
    would do, in its order.
    """
    found: list[str] = []
    for sql in dict.fromkeys(statements):
        if sql.lstrip("( ").split(maxsplit=1)[0].upper() not in ("SELECT", "WITH"):
            continue
        findings = list(_findings(_plan(sql), tables, most))
        if findings:
            with by_index():
                findings = list(_findings(_plan(sql), tables, most))
        found += [f"{finding}: {sql[:400]}" for finding in findings]
    return found


def reads_rows_of(sql: str) -> set[str]:
    """The tables of a statement whose rows are read, although an index might have all that is asked for.

    PostgreSQL prefers the index alone once the table is vacuumed, which no transaction can do; it is told that all of
    them are.
    """
    with connection.cursor() as cursor, rolled_back():
        cursor.execute("UPDATE pg_class SET relallvisible = relpages WHERE relkind = 'r'")
        with by_index():
            nodes = list(_nodes(_plan(sql)))
    return {node["Relation Name"] for node in nodes if "Relation Name" in node and "Only" not in node["Node Type"]}


def _plan(sql: str) -> dict[str, Any]:
    with connection.cursor() as cursor, rolled_back():
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    document = json.loads(plan) if isinstance(plan, str) else plan
    root: dict[str, Any] = document[0]["Plan"]
    return root


def _findings(plan: dict[str, Any], tables: dict[str, float], most: int) -> Iterator[str]:
    for node in _nodes(plan):
        table = node.get("Relation Name")
        if table not in tables or not node["Actual Loops"]:
            continue
        passed_over = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        read = (node["Actual Rows"] + passed_over) * node["Actual Loops"]
        if node["Node Type"] == "Seq Scan" and read > WHOLE * tables[table]:
            yield f"{WHOLE_TABLE} {table}"
        elif read > most:
            yield f"reads {read:,.0f} rows of {table}"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
