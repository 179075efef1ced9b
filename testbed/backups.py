"""Backups of a test's PostgreSQL by the scripts of deploy/backup, and servers that are restored from them."""

import os
import subprocess
from pathlib import Path
from typing import Self

import psycopg

from testbed.environment import make_folder
from testbed.postgres import Postgres
from testbed.processes import BASE, wait_until

SCRIPTS = BASE / "deploy" / "backup"
RECEIVED_S = 60


class Backups:
    """A folder of backups of one server, whose changes are received while the block runs."""

    def __init__(self, server: Postgres, *, kept: int = 7) -> None:
        self.server, self.kept = server, kept
        self.folder = make_folder()
        server.own(self.folder)

    def __enter__(self) -> Self:
        with (self.server.folder / "receive.log").open("ab") as log:
            self.receiver = subprocess.Popen(
                [str(SCRIPTS / "receive-wal.sh")], env=self.environment, stdout=log, stderr=log, **self.server.as_user()
            )
        wait_until(self._receives, RECEIVED_S, "the changes are received")
        return self

    def __exit__(self, *exception: object) -> None:
        if self.receiver.poll() is None:
            self.receiver.kill()
        self.receiver.wait(10)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the scripts."""
        return {
            "PATH": f"{self.server.install / 'bin'}:{os.environ.get('PATH', '')}",
            "HOME": str(self.server.folder),
            "LC_ALL": "C",
            "BACKUP_SOURCE": f"host={self.server.folder} user=postgres dbname=postgres",
            "BACKUPS": str(self.folder),
            "BACKUPS_KEPT": str(self.kept),
        }

    def script(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a script to its end."""
        return subprocess.run(
            [str(SCRIPTS / name), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            **self.server.as_user(),
        )

    def take(self) -> None:
        """Take a base backup."""
        ran = self.script("base-backup.sh")
        assert ran.returncode == 0, ran.stderr

    def _receives(self) -> bool:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'").fetchone()
        return row is not None and row[0] > 0

    def wait_until_received(self) -> None:
        """Wait until everything that is committed now has been received."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            row = connection.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
            assert row is not None
            received = "SELECT count(*) FROM pg_replication_slots WHERE restart_lsn IS NOT NULL"
            written = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= %s::pg_lsn"
            assert connection.execute(received).fetchone() == (1,)
            wait_until(lambda: connection.execute(written, row).fetchone() != (0,), RECEIVED_S, "it is received")

    def restore(self, time: str = "") -> Path:
        """Restore to a new folder, to a moment or the last change, and return it."""
        data = make_folder() / "data"
        self.server.own(data.parent)
        ran = self.script("restore.sh", str(data), *([time] if time else []))
        assert ran.returncode == 0, ran.stderr
        return data
