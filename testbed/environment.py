"""The environment of a test session: a database, a Valkey and a data folder of its own.

Settings read the environment when they are loaded, so all of this is prepared first. The first process of a
session starts PostgreSQL; each pytest-xdist worker has its own Valkey and its own test database on that server.
"""

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import django
import pytest
from django.conf import settings

from runner import embedded_valkey, lifeline, own_server
from testbed.emptying import let_tests_empty_tables
from testbed.parsing import parse_each_text_once
from testbed.postgres import Postgres, drop_database

# Variables that the settings read; a developer's own values must not reach the tests.
SETTINGS = Path(__file__).resolve().parents[1] / "speedycheers" / "settings"
IGNORED = {
    "BOTS",
    *re.findall(r'env[.\w]*\(\s*"([A-Z_]+)"', " ".join(part.read_text() for part in SETTINGS.glob("*.py"))),
}
VALKEYS: "list[subprocess.Popen[bytes]]" = []  # started by this process; the last one runs
SERVER_URL = "SPEEDYCHEERS_TEST_SERVER_URL"  # the PostgreSQL server for test databases; empty with SQLite
SESSION = "SPEEDYCHEERS_TEST_SESSION"  # a folder that all processes of the session share


def prepare(database: str) -> None:
    """Start the servers, point the environment at them and set up Django. `database` is "sqlite" or "postgres"."""
    for name in IGNORED:
        os.environ.pop(name, None)
    os.environ["DEBUG"] = "1"
    os.environ["MANUAL_ENTRY_LIMITS"] = "usd=100000000"  # staff settle what they like, unless a test sets a limit
    folder = make_folder()
    if SESSION not in os.environ:  # an xdist worker inherits its controller's
        os.environ[SESSION] = str(folder)
        os.environ[SERVER_URL] = start_postgres(folder) if database == "postgres" else ""
    if os.environ[SERVER_URL]:
        os.environ["DATABASE_URL"] = os.environ[SERVER_URL]
    os.environ["SPEEDYCHEERS_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
    load_settings(folder)
    start_valkey()
    own_server.claim()  # tests call the application themselves
    django.setup()
    let_tests_empty_tables()
    parse_each_text_once()
    # An xdist worker that inherited it would load its settings before it has prepared its own environment.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def make_folder() -> Path:
    """Create a temporary folder with a path short enough for unix sockets; it is removed at the end."""
    parent = tempfile.gettempdir() if len(tempfile.gettempdir()) < 40 else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="sc-test-", dir=parent)).resolve()
    folder.chmod(0o711)  # PostgreSQL's user must traverse it
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def start_postgres(folder: Path) -> str:
    """Return TEST_DATABASE_URL if it is set, else start a server and return its URL."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        atexit.register(drop_database, url, f"/{folder.name}")  # see testbed/migrated.py
        return url
    server = Postgres(folder / "pg")
    atexit.register(server.stop)
    return server.url


def load_settings(folder: Path) -> None:
    """Load the settings and apply the values that only tests use."""
    if settings.configured:
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the settings are loaded after the environment is made.")
    # A file, as in a real run: SQLite's in-memory databases lock differently.
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Each report is written immediately: the writer's thread does not see a test's own transaction.
    settings.POSITION_FLUSH_S = 0.0
    settings.READY_KEPT_S = 0.0  # a test stops a part and asks


def start_valkey() -> "subprocess.Popen[bytes]":
    """Start a Valkey on the configured socket. A test that kills it starts another."""
    path = settings.VALKEY_SOCKET
    embedded_valkey.prepare(path)
    process = subprocess.Popen(
        embedded_valkey.command(path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lifeline.die_with_parent(),  # noqa: PLW1509 - no threads yet
    )
    atexit.register(process.wait)
    atexit.register(process.kill)
    if not embedded_valkey.wait(path, process):
        raise RuntimeError("Valkey does not start.")
    VALKEYS.append(process)
    return process
