"""`manage.py migrate` behind a long reader: it gets through in the end, and meanwhile others are answered."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from testbed.processes import BASE, running
from tests.production.installation import Installation

READ = "SELECT count(*) FROM regions_region"


def test_an_alter_behind_a_long_reader_holds_nobody_up(installation: Installation, tmp_path: Path) -> None:
    assert installation.manage("migrate", "regions", "0003").returncode == 0
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
        connection.execute("SELECT offer_detail FROM regions_region")


def test_a_migration_that_never_gets_its_lock_says_so_and_changes_nothing(installation: Installation) -> None:
    with installation.connect() as reader, reader.transaction():
        reader.execute(READ)
        ran = installation.manage("migrate", "regions", "0003", "--patience", "0")
    assert ran.returncode != 0
    assert "lock timeout" in ran.stderr
    with installation.connect() as connection:
        connection.execute("SELECT offer_detail FROM regions_region")


def test_two_migrations_run_one_after_the_other(installation: Installation) -> None:
    with installation.connect() as other:
        other.execute("SELECT pg_advisory_lock(7310544)")
        ran = installation.manage("migrate", "--noinput", "--patience", "0")
    assert ran.returncode != 0
    assert installation.manage("migrate", "--noinput").returncode == 0


def test_a_connection_of_the_migration_is_known_by_its_name(installation: Installation) -> None:
    with installation.connect() as reader, reader.transaction():
        reader.execute(READ)
        command = [sys.executable, "manage.py", "migrate", "regions", "0003", "--patience", "0"]
        migration = subprocess.Popen(
            command, cwd=BASE, env=installation.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        names = set()
        with psycopg.connect(installation.server.url, autocommit=True) as watcher:
            while migration.poll() is None:
                names |= {row[0] for row in watcher.execute("SELECT application_name FROM pg_stat_activity")}
    assert "speedycheers-migrate" in names
    # It has taken back what depends on 0003 before it came to the table that is read.
    assert installation.manage("migrate", "--noinput").returncode == 0
