"""An installation in production: its settings, a PostgreSQL of its own, the session's Valkey."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from testbed.postgres import Postgres
from testbed.processes import BASE, free_port, listening, running, wait_until

SETTINGS = {
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "cheers.speedy.org",
    "BEHIND_PROXY": "1",
    "NUM_PROXIES": "1",
    "EMAIL_URL": "none",
    "DEFAULT_FROM_EMAIL": "hello@cheers.speedy.org",
}


@dataclass
class Installation:
    """The environment of an installation, and what runs commands in it."""

    server: Postgres
    url: str
    data: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": self.url,
            "SPEEDYCHEERS_DATA": str(self.data),
            **SETTINGS,
            **self.settings,
        }

    @property
    def database(self) -> str:
        return urlsplit(self.url).path.lstrip("/")

    def manage(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py` with these arguments, and these settings beside the installation's."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE,
            env={**self.env, **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Return a connection past all poolers."""
        return psycopg.connect(self.url, autocommit=True)


@contextmanager
def pgbouncer(installation: Installation) -> Iterator[str]:
    """Run PgBouncer in transaction mode before the installation's database; gives the URL that leads through it."""
    folder, port = installation.server.folder, free_port()
    file = folder / f"pgbouncer-{port}.ini"
    file.write_text(
        f"[databases]\n{installation.database} = host={folder} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 5\n"
    )
    with (folder / "pgbouncer.log").open("ab") as log:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or "pgbouncer"
        command = [program, str(file)]
        with running(command, stdout=log, stderr=log, **installation.server.as_user()):
            wait_until(lambda: listening(port), 20, "PgBouncer listens")
            yield f"postgres://postgres@127.0.0.1:{port}/{installation.database}"
