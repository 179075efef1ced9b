"""No process of ours outlives the program that started it, however that one ends.

The supervisor holds the writing end of a pipe and gives its children the reading end: when the supervisor
is gone, even by `kill -9`, they read the end of the file. On Linux the kernel also signals them directly.

This file imports nothing of ours: as a script it is the guard of a program that can't watch by itself.
"""

import contextlib
import ctypes
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

VARIABLE = "SPEEDYCHEERS_LIFELINE_FD"
GRACE_S = 1.0  # between the request to end and the end
PR_SET_PDEATHSIG = 1
IS_LINUX = sys.platform.startswith("linux")


def watch() -> None:
    """Called by each long-running command at its start: end it, and what it started, when the supervisor is gone."""
    fd = adopt()
    if fd is not None:
        threading.Thread(target=_end_own_group_with, args=[fd], name="lifeline", daemon=True).start()


def adopt() -> int | None:
    """The pipe's reading end, where the supervisor gave us one. It is ours alone from here on."""
    value = os.environ.pop(VARIABLE, "")
    try:
        if not stat.S_ISFIFO(os.fstat(int(value)).st_mode):
            return None
    except (ValueError, OSError):
        return None  # no variable; or it was inherited, and the pipe wasn't
    os.set_inheritable(int(value), False)
    return int(value)


def wait_for_end(fd: int) -> None:
    """Return when the other end of the pipe is closed. Nobody ever writes to it."""
    while os.read(fd, 1):
        pass


def _end_own_group_with(fd: int) -> None:
    wait_for_end(fd)
    # 0 means every process of our group, where it is ours.
    target = 0 if os.getpgrp() == os.getpid() else os.getpid()
    os.kill(target, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(target, signal.SIGKILL)


def die_with_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """For `preexec_fn`: have the kernel send this signal when the parent dies (on Linux; elsewhere nothing).

    Start the process from the main thread: the kernel means the thread that forked, not its process.
    """
    if not IS_LINUX:
        return _nothing
    # Loaded before the fork: between fork and exec nothing may be imported or locked.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return arm


def end_with_own_parent() -> None:
    """Have the kernel send this very process SIGTERM when its parent dies (on Linux; elsewhere watch `getppid`)."""
    if IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def guarded(command: list[str], *, by_kernel: bool = IS_LINUX) -> list[str]:
    """The command line for a program that knows no lifeline: itself where the kernel ends it, else under a guard."""
    return command if by_kernel else [sys.executable, "-I", "-S", __file__, *command]


def guard(command: list[str]) -> int:
    """Run a command, end it with the supervisor or at SIGTERM, and answer its exit code."""
    fd = adopt()
    process = subprocess.Popen(command)

    def stop(number: int, frame: FrameType | None) -> None:
        process.terminate()

    signal.signal(signal.SIGTERM, stop)
    if fd is not None:
        threading.Thread(target=_kill_with, args=[fd, process], daemon=True).start()
    return process.wait()


def _kill_with(fd: int, process: "subprocess.Popen[bytes]") -> None:
    wait_for_end(fd)
    with contextlib.suppress(OSError):
        process.kill()


def _nothing() -> None:
    pass


if __name__ == "__main__":
    raise SystemExit(guard(sys.argv[1:]))
