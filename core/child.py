"""Runs what computes for long in a process of its own: of the lowest priority, for a limited time, read line by line.

Tasks of a worker are threads of one process. A minute of computing in one of them would hold up mails, pushes and
matching in the others, so such a task has a management command do the work, and reads what that writes to its standard
output. The command's log goes to the standard error.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings

LOWEST_PRIORITY = 19  # everything else on the machine comes first


def command(name: str, *arguments: object) -> list[str]:
    """Return the arguments of a process that runs a management command."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), name, *map(str, arguments)]


@contextmanager
def lines_of(arguments: Sequence[str], *, limit_s: float) -> Iterator[Iterator[str]]:
    """Start a process and give the lines of its output as they come. It is ended with the block.

    After the last line, the iterator raises `TimeoutError` if the process has taken longer than `limit_s` and was
    ended, and `ChildProcessError` if it has failed.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROCESS_KIND": "shell"},  # of this kind, the output has no log lines
    ) as child:
        os.setpriority(os.PRIO_PROCESS, child.pid, LOWEST_PRIORITY)  # a preexec_fn is not safe beside threads
        timer = threading.Timer(limit_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield _lines(child, late)
        finally:
            timer.cancel()
            child.kill()


def _lines(child: "subprocess.Popen[str]", late: threading.Event) -> Iterator[str]:
    yield from child.stdout or ()
    code = child.wait()
    if late.is_set():
        raise TimeoutError("The process took too long.")
    if code:
        raise ChildProcessError(f"The process has ended with {code}.")
