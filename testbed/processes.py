"""Starts programs for tests and finds the processes that they leave behind."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(check: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Wait for a true answer and return it; fail after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {timeout_s} s: {what}")
        time.sleep(0.05)
    return answer


def listening(port: int) -> bool:
    """Whether a server accepts connections on this port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def processes_with(mark: str, path: str) -> dict[int, str]:
    """Return the command lines, by process id, that contain `path` or whose environment contains `mark` (`NAME=value`).

    Valkey overwrites its environment with a title that contains the path. Zombies don't count.
    """
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if path in command or mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = command
    return found


def family_of(pid: int) -> list[int]:
    """Return the ids of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


@contextlib.contextmanager
def running(command: list[str], **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """Run a process, and kill it at the end if it still runs."""
    process = subprocess.Popen(command, cwd=BASE, text=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
