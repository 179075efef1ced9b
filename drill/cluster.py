"""PostgreSQL as it is highly available: three servers that Patroni leads by etcd, behind HAProxy and PgBouncer."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg

from runner import lifeline
from testbed.postgres import Postgres
from testbed.processes import free_port, listening, wait_until

NODES = ("db1", "db2", "db3")
START_S = 120.0
PROGRAMS = {"patroni": "patroni", "etcd": "etcd-server", "haproxy": "haproxy", "pgbouncer": "pgbouncer"}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"
# A dead machine's lease ends after `ttl` seconds; a dead server on a living machine is replaced immediately.
TTL_S, LOOP_S, RETRY_S = 10, 2, 3
LIMITS = {"lock_timeout": "10s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s"}


class Programs(Postgres):
    """The programs of PostgreSQL and the user that runs them; no server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.install = self._reachable_install()


def missing() -> list[str]:
    """Say which programs are not installed, and how to get them."""
    return [
        f"{program} is not installed: apt-get install {package}"
        for program, package in PROGRAMS.items()
        if shutil.which(program, path=PATH) is None
    ]


def patroni_settings(programs: Programs, folder: Path, node: dict[str, int], etcd: int, *, synchronous: bool) -> Any:
    """The configuration of one Patroni, which reads JSON as the YAML that it is."""
    local = "127.0.0.1"
    shared = {"max_connections": 200, "shared_buffers": "32MB", "fsync": "off", "autovacuum_naptime": "10min"}
    return {
        "scope": "cheers",
        "name": folder.name,
        "restapi": {"listen": f"{local}:{node['rest']}", "connect_address": f"{local}:{node['rest']}"},
        "etcd3": {"host": f"{local}:{etcd}"},
        "bootstrap": {
            "dcs": {
                "ttl": TTL_S,
                "loop_wait": LOOP_S,
                "retry_timeout": RETRY_S,
                "primary_start_timeout": 0,  # a dead server is replaced, not started again
                "synchronous_mode": synchronous,
                "maximum_lag_on_failover": 64 * 1024 * 1024,
                "postgresql": {"use_pg_rewind": True, "parameters": shared},
            },
            "initdb": [{"encoding": "UTF8"}, "no-sync"],
        },
        "postgresql": {
            "listen": f"{local}:{node['port']}",
            "connect_address": f"{local}:{node['port']}",
            "data_dir": str(folder / "data"),
            "bin_dir": str(programs.install / "bin"),
            "pgpass": str(folder / "pgpass"),
            "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "postgres"}},
            "parameters": {"unix_socket_directories": str(folder)},
            "pg_hba": [f"host {what} all {local}/32 trust" for what in ("all", "replication")]
            + ["local all all trust"],
        },
    }


class Cluster:
    """Started by the constructor in a new folder, and ended by `stop`."""

    def __init__(self, folder: Path, *, synchronous: bool) -> None:
        folder.mkdir()
        folder.chmod(0o755)
        self.folder, self.synchronous = folder, synchronous
        self.programs = Programs(folder)
        self.etcd, self.proxy, self.pooler = free_port(), free_port(), free_port()
        self.nodes = {name: {"port": free_port(), "rest": free_port()} for name in NODES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.died_at: float | None = None  # in `perf_counter` seconds
        self.dead: Path | None = None  # the data of a server that was killed for good
        self._start_etcd()
        for name in NODES:
            self._start_patroni(name)
        wait_until(self.is_whole, START_S, f"a primary and two replicas; see {folder}")
        self._start_haproxy()
        down = self.folder / "haproxy.log"  # HAProxy leads to every server until it has asked them
        wait_until(
            lambda: down.read_text().count(" is DOWN") == len(NODES) - 1, START_S, "HAProxy leads to the primary"
        )
        self._start_pgbouncer()
        with psycopg.connect(self.direct, autocommit=True) as connection:
            connection.execute("CREATE DATABASE cheers")
            for name, value in LIMITS.items():
                connection.execute(f"ALTER ROLE postgres IN DATABASE cheers SET {name} = '{value}'")

    @property
    def direct(self) -> str:
        """Past PgBouncer, to the maintenance database."""
        return f"postgres://postgres@127.0.0.1:{self.proxy}/postgres?connect_timeout=3"

    def url(self, *, pooled: bool = True) -> str:
        """The address of the program's database."""
        return f"postgres://postgres@127.0.0.1:{self.pooler if pooled else self.proxy}/cheers"

    # ------------------------------------------------------------ processes

    def _run(self, name: str, command: list[str], *, as_user: bool = True, **env: str) -> None:
        command[0] = shutil.which(command[0], path=PATH) or command[0]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env={"PATH": PATH, "LC_ALL": "C", "HOME": str(self.folder), **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lifeline.die_with_parent(),  # noqa: PLW1509 - it only calls prctl
                **(self.programs.as_user() if as_user else {}),
            )

    def _start_etcd(self) -> None:
        peer, client = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{self.etcd}"
        arguments = [f"--data-dir={self.folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=error"]
        arguments += [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
        arguments += [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
        self._run("etcd", ["etcd", *arguments, f"--initial-cluster=default={peer}"], as_user=False)
        wait_until(lambda: listening(self.etcd), START_S, "etcd listens")

    def _start_patroni(self, name: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        if self.programs.user is not None:
            os.chown(folder, self.programs.user.pw_uid, self.programs.user.pw_gid)
        settings = patroni_settings(self.programs, folder, self.nodes[name], self.etcd, synchronous=self.synchronous)
        file = folder / "patroni.yml"
        file.write_text(json.dumps(settings))
        self._run(name, ["patroni", str(file)])

    def _start_haproxy(self) -> None:
        servers = [
            f"  server {name} 127.0.0.1:{node['port']} check port {node['rest']}" for name, node in self.nodes.items()
        ]
        lines = [
            "defaults\n  mode tcp\n  timeout connect 2s\n  timeout client 1h\n  timeout server 1h\n  timeout check 1s",
            f"listen primary\n  bind 127.0.0.1:{self.proxy}\n  option httpchk OPTIONS /primary",
            "  http-check expect status 200",
            "  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions",
            *servers,
        ]
        file = self.folder / "haproxy.cfg"
        file.write_text("\n".join(lines) + "\n")
        self._run("haproxy", ["haproxy", "-db", "-f", str(file)], as_user=False)

    def _start_pgbouncer(self) -> None:
        file = self.folder / "pgbouncer.ini"
        file.write_text(
            f"[databases]\ncheers = host=127.0.0.1 port={self.proxy} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.pooler}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 30\nmax_client_conn = 500\n"
            "server_login_retry = 1\nserver_connect_timeout = 3\nquery_wait_timeout = 10\n"
        )
        self._run("pgbouncer", ["pgbouncer", str(file)])
        wait_until(lambda: listening(self.pooler), START_S, "PgBouncer listens")

    # ------------------------------------------------------------ how it stands

    def members(self) -> dict[str, dict[str, Any]]:
        """The members by name, as a Patroni that answers knows them; empty if none does."""
        for node in self.nodes.values():
            address = f"http://127.0.0.1:{node['rest']}/cluster"
            with contextlib.suppress(OSError, ValueError), urlopen(address, timeout=2) as answer:
                return {member["name"]: member for member in json.load(answer)["members"]}
        return {}

    def primary(self) -> str:
        """The name of the primary, or "" while there is no other than a dead one."""
        return next((name for name, one in self.members().items() if one["role"] in ("leader", "primary")), "")

    def is_whole(self) -> bool:
        """Whether there is a primary, and every other server follows it, one of them in step if that is wanted."""
        found = self.members()
        followers = [one for one in found.values() if one["state"] in ("running", "streaming")]
        in_step = not self.synchronous or any(one["role"] == "sync_standby" for one in found.values())
        return bool(self.primary()) and len(followers) == len(self.nodes) and in_step

    def takes_writes(self) -> bool:
        """Whether a transaction that writes is taken, on the way that the program goes."""
        try:
            with psycopg.connect(self.direct, autocommit=True) as connection:
                connection.execute("CREATE TEMPORARY TABLE written (n int)")
        except psycopg.Error:
            return False
        return True

    # ------------------------------------------------------------ faults

    def server(self, name: str) -> list[int]:
        """The process ids of one PostgreSQL, its main process first."""
        with contextlib.suppress(OSError, IndexError):
            pid = int((self.folder / name / "data" / "postmaster.pid").read_text().split()[0])
            return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return []

    def senders(self, name: str) -> list[int]:
        """The processes of one PostgreSQL that send its log to replicas."""
        found = []
        for pid in self.server(name):
            with contextlib.suppress(OSError):
                if b"walsender" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def kill_for_good(self, name: str) -> None:
        """Kill one PostgreSQL and its Patroni, as a machine dies; neither comes back. Its data stays."""
        self.died_at = time.perf_counter()
        self.processes[name].kill()
        _kill(self.server(name))
        self.processes[name].wait()
        del self.nodes[name]
        self.dead = self.folder / name / "data"

    def restart_pgbouncer(self) -> None:
        """Kill PgBouncer, with every connection through it, and start it again."""
        self.processes["pgbouncer"].kill()
        self.processes["pgbouncer"].wait()
        self._start_pgbouncer()

    def stop(self) -> None:
        """Kill every process."""
        for name in ("pgbouncer", "haproxy", *NODES, "etcd"):
            if (process := self.processes.get(name)) is not None:
                process.kill()
                process.wait()
        for name in NODES:
            _kill(self.server(name))


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
