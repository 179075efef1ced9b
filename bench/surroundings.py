"""The servers of a benchmark: a Valkey and a PostgreSQL of its own, in a temporary folder removed at the end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import redis

from core.valkey import client
from runner import embedded_valkey, lifeline
from testbed.postgres import OPTIONS, Postgres

VALKEY_MEMORY = "3gb"
POSTGRES_OPTIONS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# The default is for Debian's packages; elsewhere, set the folder of `postgres`.
POSTGIS_BIN = Path(os.environ.get("POSTGIS_BIN", "/usr/lib/postgresql/15/bin"))


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder with a path short enough for unix sockets. PostgreSQL's user may traverse it."""
    path = Path(tempfile.mkdtemp(prefix="sc-bench-", dir="/tmp"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def valkey(inside: Path) -> Iterator[redis.Redis]:
    """Run a Valkey, set up Django to use it, and yield a client."""
    path = inside / "valkey" / "valkey.sock"
    embedded_valkey.prepare(path)
    command = [*embedded_valkey.command(path), "--maxmemory", VALKEY_MEMORY]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lifeline.die_with_parent(),  # noqa: PLW1509 - no threads yet
    )
    try:
        if not embedded_valkey.wait(path, process):
            raise RuntimeError("Valkey does not start.")
        os.environ.update(REDIS_URL=f"unix://{path}", SPEEDYCHEERS_DATA=str(inside), LOG_LEVEL="WARNING")
        set_django_up()
        yield client()
    finally:
        process.kill()
        process.wait()


def set_django_up() -> None:
    """Load the settings, which read the environment only now."""
    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
    django.setup(set_prefix=False)


class PostgresWithPostgis(Postgres):
    """The system's PostgreSQL, which has PostGIS, on a socket and data of our own."""

    def _reachable_install(self) -> Path:
        return POSTGIS_BIN.parent

    def _run(self, program: str, *arguments: str) -> None:
        # This initdb may be too old for the option `-c`.
        super()._run(program, *(part for part in arguments if part not in ("-c", "fsync=off")))


@contextmanager
def postgres(inside: Path, *, postgis: bool = False, durable: bool = False) -> Iterator[str]:
    """Run a PostgreSQL and yield its URL. Raises `FileNotFoundError` if PostGIS is requested but not installed.

    A durable server waits for the disk at each commit, as in production; otherwise commits are not safe.
    """
    if postgis and not (POSTGIS_BIN / "postgres").exists():
        raise FileNotFoundError(
            f"no PostgreSQL with PostGIS in {POSTGIS_BIN} (apt-get install postgresql-15-postgis-3)"
        )
    OPTIONS.update(POSTGRES_OPTIONS | (DURABLE if durable else {}))
    server = (PostgresWithPostgis if postgis else Postgres)(inside / "pg")
    try:
        yield server.url
    finally:
        server.stop()
