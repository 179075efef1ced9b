"""The account's state on disk; each call writes only the rows that it may have changed."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = Any


class Rows(dict[str, Row]):
    """Rows by id. A caller may change a row that it reads, so `touched` keeps the row's id until it is written."""

    def __init__(self, rows: dict[str, Row] | None = None) -> None:
        super().__init__(rows or {})
        self.touched: set[str] = set()

    def __getitem__(self, id: str) -> Row:
        self.touched.add(id)
        return super().__getitem__(id)

    def get(self, id: str, default: Row = None) -> Row:
        self.touched.add(id)
        return super().get(id, default)

    def __setitem__(self, id: str, row: Row) -> None:
        self.touched.add(id)
        super().__setitem__(id, row)

    def take_changes(self) -> list[tuple[str, str]]:
        """Return the rows that may have changed since the last call, as JSON."""
        changes = [(id, json.dumps(super(Rows, self).__getitem__(id))) for id in sorted(self.touched) if id in self]
        self.touched.clear()
        return changes


class Book:
    """A file of tables of rows. Written rows survive the death of the process at any moment."""

    def __init__(self, file: Path, tables: Sequence[str] = ()) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        for table in tables:
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, row TEXT NOT NULL)")

    def read(self, table: str) -> Rows:
        """All rows of a table, in the order of their insertion."""
        found = self.connection.execute(f"SELECT id, row FROM {table} ORDER BY rowid")  # noqa: S608 - our own names
        return Rows({id: json.loads(row) for id, row in found})

    def write(self, changes: dict[str, list[tuple[str, str]]]) -> None:
        """Write rows by table, all or none."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for table, rows in changes.items():
                self.connection.executemany(
                    f"INSERT INTO {table} (id, row) VALUES (?, ?) "  # noqa: S608 - our own names
                    "ON CONFLICT (id) DO UPDATE SET row = excluded.row",
                    rows,
                )
        except sqlite3.Error:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
