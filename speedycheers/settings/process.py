"""The kind of this process, by which its log lines and its database connections are told apart."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DEBUG, env

COMMANDS = {"worker": "worker", "sweep": "sweep", "migrate": "migrate"}
PROCESSES_MAX = 64  # of one kind under one supervisor


def kind_of_process(arguments: Sequence[str], *, debug: bool) -> str:
    """Return `web`, `socket`, `worker`, `sweep` or `migrate` by a command line, and `shell` for all others."""
    program = Path(arguments[0]).name if arguments else ""
    if program == "granian" or (program == "__main__.py" and Path(arguments[0]).parent.name == "granian"):
        return "web"
    if program == "server.py":
        return "web" if debug else "socket"  # in development one process serves both
    if program == "prepare.py":
        return "migrate"
    command = next((argument for argument in arguments[1:] if not argument.startswith("-")), "")
    return COMMANDS.get(command, "shell") if program == "manage.py" else "shell"


PROCESS_KIND: str = env.str("PROCESS_KIND", default=kind_of_process(sys.argv, debug=DEBUG))


def counts(name: str, text: str) -> tuple[int, int]:
    """Return the fewest and the most processes of a kind, from `2`, `1-4`, or `auto`: up to one for each processor.

    Raises `ImproperlyConfigured` for anything else.
    """
    if text == "auto":
        return 1, max(2, min(PROCESSES_MAX, os.cpu_count() or 1))
    if found := re.fullmatch(r"([1-9][0-9]?)(?:-([1-9][0-9]?))?", text):
        least, most = int(found[1]), int(found[2] or found[1])
        if least <= most <= PROCESSES_MAX:
            return least, most
    raise ImproperlyConfigured(f"{name} takes a number, bounds such as 1-4, or auto; at most {PROCESSES_MAX}.")


# How many processes `python -m speedycheers` runs: the fewest and the most.
SERVERS: tuple[int, int] = counts("SERVERS", env.str("SERVERS", default="1"))  # each serves HTTP and sockets
WORKERS: tuple[int, int] = counts("WORKERS", env.str("WORKERS", default="1"))
