"""The scripts of deploy/backup: what was committed is restored, to the last change or to a moment."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from testbed.backups import Backups
from testbed.environment import make_folder
from testbed.postgres import Postgres
from testbed.processes import BASE

pytestmark = pytest.mark.e2e
SCRIPTS = BASE / "deploy" / "backup"


@pytest.fixture
def server() -> Iterator[Postgres]:
    server = Postgres(make_folder() / "pg", durable=True)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE said (number int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
    yield server
    if server.process.poll() is None:
        server.stop()


def say(server: Postgres, *numbers: int) -> str:
    """Write rows, each in a transaction of its own. Returns the moment after the last of them."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        for number in numbers:
            connection.execute("INSERT INTO said (number) VALUES (%s)", [number])
        row = connection.execute("SELECT clock_timestamp()::text, pg_sleep(0.01)").fetchone()
    assert row is not None
    return str(row[0])


@contextmanager
def restored(backups: Backups, time: str = "") -> Iterator[list[int]]:
    """The rows of a server that has been restored elsewhere."""
    server = Postgres(make_folder() / "pg", durable=True, data=backups.restore(time))
    try:
        with psycopg.connect(server.url) as connection:
            yield [row[0] for row in connection.execute("SELECT number FROM said ORDER BY number")]
    finally:
        server.stop()


def test_a_server_that_is_gone_for_good_is_restored_to_its_last_commit(server: Postgres) -> None:
    with Backups(server) as backups:
        say(server, 1)
        backups.take()
        say(server, 2, 3)
        backups.wait_until_received()
        server.destroy()
        with restored(backups) as numbers:
            assert numbers == [1, 2, 3]


def test_a_server_is_restored_to_the_moment_before_a_mistake(server: Postgres) -> None:
    with Backups(server) as backups:
        say(server, 1)
        backups.take()
        before = say(server, 2)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("DROP TABLE said")
        backups.wait_until_received()
        with restored(backups, before) as numbers:
            assert numbers == [1, 2]


def test_old_copies_go_with_the_changes_before_the_oldest(server: Postgres) -> None:
    with Backups(server, kept=2) as backups:
        for number in range(4):
            say(server, number)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("SELECT pg_switch_wal()")
            backups.wait_until_received()
            backups.take()
        assert len(list((backups.folder / "base").iterdir())) == 2
        assert "000000010000000000000001" not in {file.name for file in (backups.folder / "wal").iterdir()}
        say(server, 4)
        backups.wait_until_received()
        server.destroy()
        with restored(backups) as numbers:
            assert numbers == [0, 1, 2, 3, 4]


def test_a_copy_that_was_cut_short_is_never_restored(server: Postgres) -> None:
    with Backups(server) as backups:
        (backups.folder / "unfinished").mkdir()
        failed = backups.script("restore.sh", str(server.folder / "new"))
        assert (failed.returncode, failed.stderr) == (1, "There is no base backup as old as that.\n")
        backups.take()
        assert not (backups.folder / "unfinished").exists()


def test_nothing_is_overwritten(server: Postgres) -> None:
    with Backups(server) as backups:
        backups.take()
        failed = backups.script("restore.sh", str(server.folder / "data"))
        assert (failed.returncode, failed.stderr) == (1, f"{server.folder / 'data'} is not empty.\n")
        too_early = backups.script("restore.sh", str(server.folder / "new"), "2020-01-01T00:00:00Z")
        assert (too_early.returncode, too_early.stderr) == (1, "There is no base backup as old as that.\n")


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    names = []
    for unit in [*SCRIPTS.glob("*.service"), *SCRIPTS.glob("*.timer")]:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/speedycheers", str(BASE)))
        names.append(unit.name)
    assert len(names) == 3
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(names)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
