"""The whole program, started for a benchmark in a folder of its own."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

BASE = Path(__file__).resolve().parent.parent
START_S = 120.0
STOP_S = 10.0
GRANIAN = ("--no-ws", "--log-level", "warning")
# No TLS in front, and nobody who reads mails.
PRODUCTION = {
    "DEBUG": "0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_COOKIES": "0",
    "EMAIL_URL": "none",
    "EMAIL_VERIFICATION": "optional",
}
UNLIMITED = (
    "ACCOUNT",
    "ADDRESS",
    "LOGIN",
    "LOGIN_ACCOUNT",
    "LOGIN_ADDRESS",
    "SIGNUP",
    "REQUEST",
    "REQUEST_ADDRESS",
    "CARD",
    "CARD_ADDRESS",
    "POSITION",
    "POSITION_ADDRESS",
    "SOCKET",
    "SOCKET_ADDRESS",
)


@dataclass(frozen=True)
class Program:
    """The addresses and the data folder of a running program."""

    url: str
    ws_url: str
    data: Path


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_program(*, http_workers: int = 0, **settings: str) -> Iterator[Program]:
    """Start `python -m speedycheers` without bots, on DATABASE_URL or else SQLite.

    With `http_workers`, that many granian processes serve HTTP, as in production, and the program's own server serves
    sockets. This process's environment is set, too, so that Django set up afterwards shares its database and Valkey.
    """
    with tempfile.TemporaryDirectory(prefix="cheers-bench-") as folder:
        port = free_port()
        generous = {f"THROTTLE_{name}": "10000000/min" for name in UNLIMITED}
        generous["CONNECTIONS_PER_ADDRESS"] = "0"
        if http_workers:
            os.environ.update(PRODUCTION, SECRET_KEY=secrets.token_urlsafe(64))
        else:
            os.environ["DEBUG"] = "1"
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
            with _granian(http_workers, Path(folder) / "http.log") as http_port:
                yield Program(f"http://127.0.0.1:{http_port or port}", f"ws://127.0.0.1:{port}", Path(folder))
        finally:
            process.terminate()
            process.wait(STOP_S)


@contextmanager
def _granian(workers: int, log: Path) -> Iterator[int]:
    """Serve HTTP by `workers` granian processes, which log to a file, and yield their port; without workers yield 0."""
    if not workers:
        yield 0
        return
    port = free_port()
    arguments = ["--interface", "asgi", "--workers", str(workers), *GRANIAN, "--port", str(port)]
    command = [str(Path(sys.executable).with_name("granian")), *arguments, "speedycheers.asgi:application"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=BASE, stdout=output)
    try:
        answering(f"http://127.0.0.1:{port}/healthz")
        yield port
    finally:
        process.terminate()
        process.wait(STOP_S)


def answering(url: str) -> None:
    """Wait until a server answers, whatever it answers."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            httpx.get(url)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"Nothing answers at {url}.")
