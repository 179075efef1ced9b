"""`manage.py migrate` behind a long reader: it gets through in the end, and meanwhile others are answered."""

import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from testbed.processes import running
from tests.production.installation import Installation

# The newest migration that adds a column to a table: taking it back takes nothing else back.
BEFORE, READ, COLUMN = (
    ("accounts", "0013"),
    "SELECT count(*) FROM accounts_user",
    "SELECT every_region FROM accounts_user",
)


def test_an_alter_behind_a_long_reader_holds_nobody_up(installation: Installation, tmp_path: Path) -> None:
    assert installation.manage("migrate", *BEFORE).returncode == 0
    with installation.connect() as connection, pytest.raises(psycopg.errors.UndefinedColumn):
        connection.execute(COLUMN)
    command = [sys.executable, "manage.py", "migrate", "--noinput"]
    log = tmp_path / "migrate.log"
    answered = 0
    with installation.connect() as reader, installation.connect() as others, log.open("w") as output:
        others.execute("SET lock_timeout = '1s'")  # longer than one wait of the migration, shorter than two and a pause
        options = {"env": installation.env, "stdout": output, "stderr": output}
        with ExitStack() as stack:
            with reader.transaction():
                reader.execute(READ)
                migration = stack.enter_context(running(command, **options))
                for _ in range(4000):
                    others.execute(READ)  # fails if the migration stands in the way
                    answered += 1
                    if log.read_text().count("was not free") >= 2 or migration.poll() is not None:
                        break
                    with pytest.raises(subprocess.TimeoutExpired):
                        migration.wait(0.02)
                assert migration.poll() is None, log.read_text()
            assert migration.wait(120) == 0, log.read_text()
    assert log.read_text().count("was not free") >= 2
    assert answered > 2
    with installation.connect() as connection:
        connection.execute(COLUMN)


def test_a_migration_that_never_gets_its_lock_says_so_and_changes_nothing(installation: Installation) -> None:
    """Meanwhile its connection is known by its name."""
    command = [sys.executable, "manage.py", "migrate", *BEFORE, "--patience", "0"]
    options = {"env": installation.env, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    names = set()
    with (
        installation.connect() as reader,
        psycopg.connect(installation.server.url, autocommit=True) as watcher,
        reader.transaction(),
    ):
        reader.execute(READ)
        with running(command, **options) as migration:
            while migration.poll() is None:
                names |= {row[0] for row in watcher.execute("SELECT application_name FROM pg_stat_activity")}
                with suppress(subprocess.TimeoutExpired):
                    migration.wait(0.02)
            assert migration.stderr is not None
            with migration.stderr as errors:
                assert "lock timeout" in errors.read()
    assert migration.returncode != 0
    assert "speedycheers-migrate" in names
    with installation.connect() as connection:
        connection.execute(COLUMN)


def test_two_migrations_run_one_after_the_other(installation: Installation) -> None:
    with installation.connect() as other:
        other.execute("SELECT pg_advisory_lock(7310544)")
        ran = installation.manage("migrate", "--noinput", "--patience", "0")
    assert ran.returncode != 0
    assert installation.manage("migrate", "--noinput").returncode == 0
