"""The processes of a run: started with a log and a lifeline, started again when they die, ended for good."""

import contextlib
import os
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
STEADY_S = 10.0  # who has run for so long had started well
FIRST_DELAY_S = 0.2  # after a second death; the first has none, each further one twice as much
MAX_LOG_BYTES = 16 * 1024 * 1024


@dataclass
class Surroundings:
    """What all processes of a run share."""

    environment: Mapping[str, str]
    log_folder: Path
    keep_fds: Sequence[int]


@dataclass(eq=False)
class Child:
    """One part of the program.

    `death_signal` is what the kernel sends it when we die. `before_start` is called before each start.
    """

    name: str
    command: Sequence[str]
    surroundings: Surroundings
    death_signal: int = signal.SIGTERM
    before_start: Callable[[], None] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    start_at: float | None = None  # on the monotonic clock, while it waits to be started again
    started_at: float = 0.0  # on the monotonic clock
    deaths: deque[float] = field(default_factory=deque)  # soon after a start, one after another

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.surroundings.log_folder / f"{self.name}.log"

    def start(self, *, own_output: bool = True) -> None:
        """Start it in a session of its own, so that a Ctrl-C in the terminal reaches only us.

        Without `own_output` its standard output is ours, and only its errors go to the log.
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
        """Its exit code, once it has ended. Whatever it had started itself ends with it."""
        if self.process is None or self.process.poll() is None:
            return None
        self.signal_group(signal.SIGKILL)
        return self.process.returncode

    def plan_restart(self, now: float) -> bool:
        """Note a death and plan the next start. False where it dies again and again as it starts."""
        self.process = None
        if now - self.started_at >= STEADY_S:
            self.deaths.clear()
        self.deaths.append(now)
        while now - self.deaths[0] > DEATHS_WINDOW_S:
            self.deaths.popleft()
        self.start_at = now + FIRST_DELAY_S * (2 ** (len(self.deaths) - 1) - 1)
        return len(self.deaths) < MAX_DEATHS

    def ask_to_end(self) -> None:
        """SIGTERM, to the process itself: it knows how to end its own."""
        self.start_at = None
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def signal_group(self, number: int) -> None:
        """Signal the process and all that it has started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def roll_log(self) -> None:
        """Before a run: keep one earlier log."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

    def bound_log(self) -> None:
        """During a run, in place, because the process holds the file open (for appending)."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > MAX_LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)


def end_all(children: Sequence[Child], timeout_s: float, hurry: Callable[[], bool]) -> None:
    """Ask them all to end; those that don't within `timeout_s`, or once `hurry()`, are killed."""
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
