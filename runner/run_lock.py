"""Locks that allow one run per data folder.

The supervisor alone holds `run.lock`, on which a second start fails immediately. Every process of a run holds
`parts.lock`, so a start right after a `kill -9` waits until the last of them is gone.
"""

import fcntl
import os
import time
from pathlib import Path

LEFTOVERS_S = 8.0  # longer than the processes of a killed run take to end


class Refused(Exception):
    """The program can't start here; the text is one sentence for its user."""


class RunLock:
    """Both locks of a run, held from `take` until `release` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fds: list[int] = []

    def take(self, url: str) -> int:
        """Take both locks and return the descriptor that every process of the run must keep open.

        Raises `Refused` if another run holds them.
        """
        own = self._open("run.lock")
        if not _locked(own):
            holder = os.read(own, 200).decode(errors="replace").strip() or "unknown"
            raise Refused(
                f"SpeedyCheers is already running with {self.folder} ({holder}): "
                "stop that one first, or give this one its own SPEEDYCHEERS_DATA and PORT."
            )
        parts = self._open("parts.lock")
        deadline = time.monotonic() + LEFTOVERS_S
        while not _locked(parts):
            if time.monotonic() > deadline:
                raise Refused(f"Processes of an earlier run still use {self.folder}: end them first.")
            time.sleep(0.1)
        os.ftruncate(own, 0)
        os.write(own, f"process {os.getpid()}, {url}\n".encode())
        return parts

    def _open(self, name: str) -> int:
        fd = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.fds.append(fd)
        return fd

    def release(self) -> None:
        """Release both locks."""
        while self.fds:
            os.close(self.fds.pop())


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
