"""A database that a released program has filled goes on under the program of now, without a step of anybody's."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from testbed.environment import SERVER_URL
from testbed.postgres import drop_database, fresh_database
from testbed.processes import BASE
from tests.upgrade import dumps

pytestmark = pytest.mark.own_database

# Django itself adds a row for each migration, model and right.
GROW = {"django_migrations", "django_content_type", "auth_permission"}


@dataclass(frozen=True)
class Upgraded:
    """An old database, how it was, and what the program of now has made of it."""

    url: str
    applied: set[tuple[str, str]]  # migrations, before
    before: dict[str, int]  # rows by table
    told: dict[str, Any]  # by tests/upgrade/steps.py


@pytest.fixture(scope="module", params=dumps.releases())
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """A release's database, which the program of now has migrated and read."""
    server = os.environ[SERVER_URL]
    kind = "postgres" if server else "sqlite"
    url = fresh_database(server) if server else dumps.sqlite_url(tmp_path_factory.mktemp("upgrade") / "old.sqlite3")
    try:
        dumps.load(url, dumps.dump_path(request.param, kind).read_text())
        applied = {(app, name) for app, name in dumps.rows(url, "SELECT app, name FROM django_migrations")}
        yield Upgraded(url, applied, dumps.row_counts(url), run_program(url))
    finally:
        if server:
            drop_database(server, url)


def run_program(url: str) -> dict[str, Any]:
    """What the program of now says when it runs on a database, in a process of its own."""
    command = [sys.executable, "-m", "tests.upgrade.steps"]
    environment = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(command, cwd=BASE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# ---------------------------------------------------------------- the tables


def test_nothing_is_left_to_migrate(upgraded: Upgraded) -> None:
    assert upgraded.told["migrate"]["code"] == 0, upgraded.told["migrate"]["printed"]
    assert upgraded.told["migrate --check"] == {"code": 0, "printed": ""}
    assert upgraded.told["makemigrations"] == {"code": 0, "printed": "No changes detected\n"}


def test_the_tables_are_those_of_a_new_database(upgraded: Upgraded, db: None) -> None:
    """A migration that is edited after its release makes new databases, and leaves old ones behind."""
    assert dumps.schema(upgraded.url) == dumps.schema(url_of_this_database())


def url_of_this_database() -> str:
    """The URL of the tests' own database, which all migrations have just made."""
    name = str(connection.settings_dict["NAME"])
    server = os.environ[SERVER_URL]
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}")) if server else dumps.sqlite_url(Path(name))


# ---------------------------------------------------------------- the rows


def test_the_rows_are_kept(upgraded: Upgraded) -> None:
    assert upgraded.before["payments_entry"] > 50
    assert lost(upgraded.before, upgraded.told["rows"], declared(upgraded.applied)) == {}


def declared(applied: set[tuple[str, str]]) -> set[str]:
    """The tables whose number of rows a new migration declares to change, by its attribute `changes_rows_of`."""
    new = [m for key, m in MigrationLoader(None).disk_migrations.items() if key not in applied]
    return {table for migration in new for table in getattr(migration, "changes_rows_of", ())}


def lost(before: Mapping[str, int], after: Mapping[str, int], declared: set[str]) -> dict[str, tuple[int, int | None]]:
    """The tables that have not the rows they had, with both numbers."""
    pairs = {table: (count, after.get(table)) for table, count in before.items() if table not in declared}
    return {
        t: (old, new) for t, (old, new) in pairs.items() if new is None or new < old or (new > old and t not in GROW)
    }


@pytest.mark.parametrize(
    ("after", "declared", "found"),
    [
        ({"a": 2, "django_migrations": 3, "new": 1}, set(), {}),
        ({"a": 1, "django_migrations": 3}, set(), {"a": (2, 1)}),
        ({"a": 3, "django_migrations": 2}, set(), {"a": (2, 3)}),
        ({"a": 2, "django_migrations": 1}, set(), {"django_migrations": (2, 1)}),
        ({"django_migrations": 2}, set(), {"a": (2, None)}),
        ({"django_migrations": 2}, {"a"}, {}),
    ],
)
def test_what_counts_as_lost(
    after: dict[str, int], declared: set[str], found: dict[str, tuple[int, int | None]]
) -> None:
    assert lost({"a": 2, "django_migrations": 2}, after, declared) == found


@pytest.mark.parametrize("upgraded", ["1.0.0"], indirect=True)
def test_codes_and_words_of_closed_rows_are_told_apart(upgraded: Upgraded) -> None:
    assert closed(upgraded.url, "cheerrequest") == {
        ("no_match", "no_partner_nearby", ""),
        ("no_match", "nobody_accepted", ""),
        ("cancelled", "cancelled_by_user", ""),
        ("cancelled", "cancelled_by_user", "We made up."),
        ("cancelled", "cancelled_by_user", "too late"),
        ("cancelled", "cancelled_by_staff", ""),
        ("cancelled", "no_show", ""),
        ("cancelled", "card_declined", ""),
        ("cancelled", "card_not_confirmed", ""),
    }
    assert closed(upgraded.url, "offer") == {("declined", "other", "on another floor"), ("rescinded", "cancelled", "")}
    assert closed(upgraded.url, "scheduledrequest") == {
        ("failed", "request_already_open", ""),
        ("cancelled", "cancelled_by_user", "rain"),
    }


def closed(url: str, table: str) -> set[tuple[str, ...]]:
    """The different statuses, codes and words of the closed rows of a table."""
    query = f"SELECT status, closed_code, closed_note FROM requests_app_{table} WHERE closed_code <> ''"  # noqa: S608
    return {tuple(row) for row in dumps.rows(url, query)}


# ---------------------------------------------------------------- the promises


def test_the_audit_is_clean(upgraded: Upgraded) -> None:
    printed = upgraded.told["audit"]["printed"]
    assert upgraded.told["audit"]["code"] == 0, printed
    assert re.fullmatch(r"All \d\d+ promises hold\.", printed.splitlines()[-1])
    assert "VIOLATION" not in printed


def test_a_broken_row_would_be_found(upgraded: Upgraded) -> None:
    printed = upgraded.told["audit of a broken row"]["printed"]
    assert upgraded.told["audit of a broken row"]["code"] == 1
    assert re.search(r"^accepted_requests_have_one_active_ride .* 1  VIOLATION$", printed, re.MULTILINE)


# ---------------------------------------------------------------- the program


def test_the_api_reads_all_of_it(upgraded: Upgraded) -> None:
    assert upgraded.told["read"]["code"] == 0, upgraded.told["read"]["printed"]
    rows = upgraded.told["rows"]
    assert json.loads(upgraded.told["read"]["printed"]) == {
        "/me": rows["accounts_user"],
        "user /cheerRequest": rows["requests_app_cheerrequest"],
        "user /ride": rows["rides_ride"],
        "partner /ride": rows["rides_ride"],
        "user /payment": rows["payments_payment"],
        "user /scheduledRequest": rows["requests_app_scheduledrequest"],
        "user /savedPlace": rows["requests_app_savedplace"],
    }
