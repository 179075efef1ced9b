"""`manage.py audit`: check that the database keeps every promise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from backoffice.audit import OVERDUE, VIOLATION, Check, Result
from core import clock
from ops.audit import all_checks


class Command(BaseCommand):
    help = "Check every promise over the whole database, each as of one moment, and end with 1 where one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--live",
            action="store_true",
            help="the program is running, so work left undone counts as a violation, not as a warning",
        )
        parser.add_argument("--only", action="append", metavar="CHECK", help="run this check alone; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = chosen(all_checks(), options["only"])
        width = max(len(check.name) for check in checks)
        self.stdout.write(f"{'check':{width}}  {'rows':>9}  {'wrong':>6}")
        violated = 0
        for check in checks:
            # One snapshot for all would keep PostgreSQL from removing old rows for as long as the audit lasts.
            result = check.look(clock.now(), snapshot)
            grave = check.kind == VIOLATION or (check.kind == OVERDUE and options["live"])
            violated += bool(result.wrong and grave)
            self.stdout.write(
                f"{check.name:{width}}  {result.looked_at:9,}  {result.wrong:6,}  {verdict(result, grave)}"
            )
            self._explain(check, result)
        if violated:
            raise CommandError(f"{violated} of {len(checks)} promises are broken.")
        self.stdout.write(f"All {len(checks)} promises hold.")

    def _explain(self, check: Check, result: Result) -> None:
        if result.wrong:
            more = " …" if result.wrong > len(result.examples) else ""
            self.stdout.write(f"    {check.promise}\n    Not so: {', '.join(result.examples)}{more}")


def verdict(result: Result, grave: bool) -> str:
    """The verdict at the end of a check's line."""
    if not result.wrong:
        return "ok"
    return "VIOLATION" if grave else "warning"


def chosen(checks: list[Check], names: list[str] | None) -> list[Check]:
    """The checks to run. Raises `CommandError` for an unknown name."""
    if unknown := set(names or ()) - {check.name for check in checks}:
        raise CommandError(f"No such check: {', '.join(sorted(unknown))}.")
    return [check for check in checks if not names or check.name in names]


@contextmanager
def snapshot() -> Iterator[None]:
    """Give a check one snapshot of the database, without blocking writers."""
    if connection.in_atomic_block:  # a caller's transaction, such as a test's, is the snapshot
        yield
    elif connection.vendor == "sqlite":
        yield from _sqlite_snapshot()
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")  # checks of a large database take long
            yield


def _sqlite_snapshot() -> Iterator[None]:
    """Begin a deferred transaction, which reads beside a writer (WAL); Django's own would take the write lock."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
