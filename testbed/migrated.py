"""The migrated database of a test session: the first process that needs one migrates, all others copy what came of it.

Migrating takes longer than anything else at the start of a worker, and of a program.
"""

import fcntl
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from testbed.environment import SERVER_URL, SESSION
from testbed.postgres import Postgres, fresh_database


def kept() -> Path:
    """The migrated SQLite database, or a note that PostgreSQL has one of this name; not there before `keep`."""
    return Path(os.environ[SESSION]) / "migrated"


def take() -> TextIO:
    """Let the test database be a copy of the migrated one, if there is one. No other process goes on before `keep`."""
    turn = kept().with_suffix(".lock").open("w")
    fcntl.flock(turn, fcntl.LOCK_EX)
    test = settings.DATABASES["default"].setdefault("TEST", {})
    if kept().exists():
        if os.environ[SERVER_URL]:
            test["TEMPLATE"] = template()
        else:
            copy_file(kept(), Path(test["NAME"]))
    return turn


def keep(turn: TextIO) -> None:
    """Keep a copy of the test database as it is now, which is as `migrate` has left it; end the turn of `take`."""
    name = connection.settings_dict["NAME"]
    if not kept().exists():
        if server := os.environ[SERVER_URL]:
            connection.close()  # what is copied must be idle
            fresh_database(server, template(), like=str(name))
            kept().touch()
        else:
            copy_file(Path(name), kept())
    turn.close()


def template() -> str:
    """The name of the migrated database on PostgreSQL."""
    return Path(os.environ[SESSION]).name


def copied_to(server: Postgres) -> str:
    """Make a copy of the migrated database on another PostgreSQL, and return its URL."""
    source, url = urlsplit(os.environ[SERVER_URL])._replace(path=f"/{template()}").geturl(), fresh_database(server.url)
    programs = server.install / "bin"
    dump = [str(programs / "pg_dump"), "--format=custom", "--compress=0", source]
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as dumping:
        restore = [str(programs / "pg_restore"), "--exit-on-error", f"--dbname={url}"]
        subprocess.run(restore, stdin=dumping.stdout, check=True)
    assert dumping.returncode == 0
    return url


def copy_file(source: Path, copy: Path) -> None:
    """Copy a SQLite database, with what is still in its log."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
