"""Child processes of a run: started with a log and a lifeline, restarted when they die, ended with the run."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner import lifeline

MAX_DEATHS = 5
DEATHS_WINDOW_S = 60.0
STEADY_S = 10.0  # a process that ran this long has started successfully
FIRST_DELAY_S = 0.2  # delay of the second restart in a row; the first has none, each further one at least doubles
MAX_LOG_BYTES = 16 * 1024 * 1024


@dataclass
class Surroundings:
    """Environment, log folder and open descriptors that all processes of a run share."""

    environment: Mapping[str, str]
    log_folder: Path
    keep_fds: Sequence[int]


@dataclass(eq=False)
class Child:
    """One supervised part of the program.

    The kernel sends it `death_signal` when the supervisor dies. `before_start` is called before each start.
    """

    name: str
    command: Sequence[str]
    surroundings: Surroundings
    death_signal: int = signal.SIGTERM
    before_start: Callable[[], None] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    start_at: float | None = None  # on the monotonic clock; set while a restart is pending
    started_at: float = 0.0  # on the monotonic clock
    deaths: deque[float] = field(default_factory=deque)  # times on the monotonic clock; cleared by a steady run

    @property
    def log(self) -> Path:
        """The file that receives its output."""
        return self.surroundings.log_folder / f"{self.name}.log"

    def start(self, *, own_output: bool = True) -> None:
        """Start it in its own session, so that Ctrl-C in the terminal reaches only the supervisor.

        Without `own_output` it shares the supervisor's standard output, and only its errors go to the log.
        """
        if self.before_start is not None:
            self.before_start()
        self.start_at, self.started_at = None, time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.surroundings.environment),
                stdin=subprocess.DEVNULL,
                stdout=log if own_output else None,
                stderr=log,
                start_new_session=True,
                pass_fds=self.surroundings.keep_fds,
                preexec_fn=lifeline.die_with_parent(self.death_signal),  # noqa: PLW1509 - we have one thread
            )

    def ended(self) -> int | None:
        """Return the exit code once it has ended, and kill the processes that it has left; None while it runs."""
        if self.process is None or self.process.poll() is None:
            return None
        self.signal_group(signal.SIGKILL)
        return self.process.returncode

    def plan_restart(self, now: float) -> bool:
        """Record a death and plan the next start. Returns False if it keeps dying soon after its start."""
        self.process = None
        if now - self.started_at >= STEADY_S:
            self.deaths.clear()
        self.deaths.append(now)
        while now - self.deaths[0] > DEATHS_WINDOW_S:
            self.deaths.popleft()
        self.start_at = now + FIRST_DELAY_S * (2 ** (len(self.deaths) - 1) - 1)
        return len(self.deaths) < MAX_DEATHS

    def ask_to_end(self) -> None:
        """Send SIGTERM to the process itself, which ends its own children."""
        self.start_at = None
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def signal_group(self, number: int) -> None:
        """Signal the process and everything that it has started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def roll_log(self) -> None:
        """Rename the log of the previous run to `.log.1`, before a run."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

    def bound_log(self) -> None:
        """Copy a large log to `.log.1` and truncate it in place: the process keeps it open for appending."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > MAX_LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)


def end_all(children: Sequence[Child], timeout_s: float, hurry: Callable[[], bool]) -> None:
    """Ask all children to end; kill those that still run after `timeout_s`, or once `hurry()` is true."""
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + timeout_s
    while any(child.process and child.process.poll() is None for child in children):
        if time.monotonic() > deadline or hurry():
            break
        time.sleep(0.02)
    for child in children:
        child.signal_group(signal.SIGKILL)
        if child.process is not None:
            child.process.wait()


def reason_in(log: Path) -> str:
    """The line of a log that names the error of its last traceback, or else its last line."""
    lines = log.read_text(errors="replace").strip().splitlines()
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Configured)\b", line)]
    return (named or lines or ["no message"])[-1]
