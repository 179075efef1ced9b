"""The whole program, started for a benchmark in a folder of its own."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
START_S = 120.0
STOP_S = 10.0
UNLIMITED = (
    "ACCOUNT",
    "ADDRESS",
    "LOGIN_ADDRESS",
    "SIGNUP",
    "REQUEST",
    "REQUEST_ADDRESS",
    "POSITION",
    "POSITION_ADDRESS",
    "SOCKET",
    "SOCKET_ADDRESS",
)


@dataclass(frozen=True)
class Program:
    """Where a running program is."""

    url: str
    data: Path

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws", 1)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_program(**settings: str) -> Iterator[Program]:
    """Start `python -m speedycheers` without bots, on DATABASE_URL or else SQLite.

    This process's environment is pointed at it, so that Django set up afterwards shares its database and Valkey.
    """
    with tempfile.TemporaryDirectory(prefix="cheers-bench-") as folder:
        port = free_port()
        generous = {f"THROTTLE_{name}": "10000000/min" for name in UNLIMITED}
        generous["CONNECTIONS_PER_ADDRESS"] = "0"
        os.environ.update({"SPEEDYCHEERS_DATA": folder, "PORT": str(port), "BOTS": "0", **generous, **settings})
        process = subprocess.Popen(
            [sys.executable, "-m", "speedycheers"], cwd=BASE, stdout=subprocess.PIPE, text=True, env=os.environ
        )
        try:
            for line in process.stdout or ():
                if line.startswith("ready "):
                    break
            else:
                raise SystemExit("The program did not start.")
            yield Program(f"http://127.0.0.1:{port}", Path(folder))
        finally:
            process.terminate()
            process.wait(STOP_S)
