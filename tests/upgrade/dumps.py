"""Dumps of a database as SQL text, and databases made of them. Loading needs Python alone."""

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

HERE = Path(__file__).parent
SQLITE = "sqlite:///"
SUFFIXES = {"sqlite": "sqlite.sql", "postgres": "postgres.sql"}
# What only some versions of PostgreSQL or of psql know.
LEFT_OUT = ("--", "\\", "SET transaction_timeout", "SELECT pg_catalog.set_config('search_path'")


def dump_path(release: str, database: str) -> Path:
    """Where the dump of a release lies. `database`: "sqlite" or "postgres"."""
    return HERE / f"{release}.{SUFFIXES[database]}"


def releases() -> list[str]:
    """The releases of which there are dumps, oldest first."""
    suffix = f".{SUFFIXES['sqlite']}"
    names = [path.name.removesuffix(suffix) for path in HERE.glob(f"*{suffix}")]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


# ---------------------------------------------------------------- writing


def sqlite_dump(path: Path) -> str:
    """The statements that make a SQLite file."""
    lines: list[str] = []
    table = ""
    with closing(sqlite3.connect(path)) as connection:
        for statement in connection.iterdump():
            head, found, values = statement.partition(" VALUES(")
            if not found or not head.startswith("INSERT INTO"):
                table = ""
                lines.append(statement)
            elif head == table:  # one statement for all rows of a table
                lines[-1] = lines[-1].removesuffix(";") + ","
                lines.append(f"({values}")
            else:
                table = head
                lines += [f"{head} VALUES", f"({values}"]
    return "\n".join(lines) + "\n"


def postgres_dump(url: str, program: Path) -> str:
    """The statements that make a PostgreSQL database, by `pg_dump`, without what names its host or its roles."""
    command = [str(program), "--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=200", url]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line for line in made.stdout.splitlines() if line and not line.startswith(LEFT_OUT)]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- loading


def load(url: str, text: str) -> None:
    """Run a dump in an empty database."""
    if is_sqlite(url):
        with closing(sqlite3.connect(sqlite_file(url))) as connection:
            connection.executescript(text)
        return
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(text)  # type: ignore[arg-type]  # a file of ours


def is_sqlite(url: str) -> bool:
    """Whether this is the URL of a SQLite file."""
    return url.startswith(SQLITE)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"{SQLITE}{path.absolute()}"


def sqlite_file(url: str) -> Path:
    """The file that a URL names."""
    return Path(url.removeprefix(SQLITE))


# ---------------------------------------------------------------- looking


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    if is_sqlite(url):
        with closing(sqlite3.connect(sqlite_file(url))) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(url) as server:
        return server.execute(query).fetchall()  # type: ignore[arg-type]  # a query of ours


def row_counts(url: str) -> dict[str, int]:
    """How many rows each table has."""
    if is_sqlite(url):
        names = rows(url, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    else:
        names = rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    counted = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for (name,) in sorted(names))  # noqa: S608
    return dict(rows(url, counted))


# The definition of everything in a database, by kind and name.
SQLITE_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
POSTGRES_SCHEMA = """
    SELECT 'column', attrelid::regclass || '.' || attname,
           concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, concat_ws(' ', pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
"""


# PostgreSQL writes a condition that it has read from a dump with other casts and brackets than the original.
CASTS_AND_BRACKETS = re.compile(r"::(character varying|text)(\[\])?|[()]")


def schema(url: str) -> dict[tuple[str, str], str]:
    """The definition of every table, column, constraint, index and trigger."""
    found = rows(url, SQLITE_SCHEMA if is_sqlite(url) else POSTGRES_SCHEMA)
    return {(kind, name): " ".join(CASTS_AND_BRACKETS.sub("", text).split()) for kind, name, text in found}
