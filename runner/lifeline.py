"""Ends child processes with the program that started them, however that program ends.

The supervisor holds the write end of a pipe and gives its children the read end: when the supervisor
is gone, even by `kill -9`, they read end-of-file. On Linux the kernel also signals them directly.

This file imports nothing else of the project: run as a script, it guards a program that can't watch the pipe itself.
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
GRACE_S = 1.0  # between SIGTERM and SIGKILL
PR_SET_PDEATHSIG = 1
IS_LINUX = sys.platform.startswith("linux")


def watch() -> None:
    """End this process and its children when the supervisor is gone. Long-running commands call it at their start."""
    fd = adopt()
    if fd is not None:
        threading.Thread(target=_end_own_group_with, args=[fd], name="lifeline", daemon=True).start()


def adopt() -> int | None:
    """Return the pipe's read end, or None if the supervisor gave none. Processes started later don't inherit it."""
    value = os.environ.pop(VARIABLE, "")
    try:
        if not stat.S_ISFIFO(os.fstat(int(value)).st_mode):
            return None
    except (ValueError, OSError):
        return None  # the variable is missing, or was inherited without the pipe
    os.set_inheritable(int(value), False)
    return int(value)


def wait_for_end(fd: int) -> None:
    """Wait until the other end of the pipe is closed; nothing is ever written to it."""
    while os.read(fd, 1):
        pass


def _end_own_group_with(fd: int) -> None:
    wait_for_end(fd)
    # 0 means every process of the group, if this process leads it.
    target = 0 if os.getpgrp() == os.getpid() else os.getpid()
    os.kill(target, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(target, signal.SIGKILL)


def die_with_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """Return a `preexec_fn` that has the kernel send a signal when the parent dies (Linux; elsewhere it does nothing).

    Start the process from the main thread: to the kernel the parent is the thread that forked, not its process.
    """
    if not IS_LINUX:
        return _nothing
    # Loaded before the fork: between fork and exec nothing may be imported or locked.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before this call
            os._exit(1)

    return arm


def end_with_own_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies (on Linux; elsewhere poll `getppid`)."""
    if IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def guarded(command: list[str], *, by_kernel: bool = IS_LINUX) -> list[str]:
    """Return the command line of a program without a lifeline: unchanged if the kernel ends it, else under a guard."""
    return command if by_kernel else [sys.executable, "-I", "-S", __file__, *command]


def guard(command: list[str]) -> int:
    """Run a command, end it with the supervisor or on SIGTERM, and return its exit code."""
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
