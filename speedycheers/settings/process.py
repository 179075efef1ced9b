"""The kind of this process, by which its log lines and its database connections are told apart."""

import sys
from collections.abc import Sequence
from pathlib import Path

from speedycheers.settings.base import DEBUG, env

COMMANDS = {"worker": "worker", "sweep": "sweep", "migrate": "migrate"}


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
