"""The program on a machine whose clock can be moved, away from the database's.

libfaketime stands between the processes and the machine's clock, and reads how far it is off from a file.
"""

import importlib.util
from pathlib import Path

from drill.system import System
from testbed import stack
from testbed.stack import Stack

NAME = "libfaketime.so.1"


def library() -> Path:
    """Return the library that changes the time of a process. Raises `PermissionError` if it is not installed.

    It is the package's on PyPI: the 0.9.10 of Debian breaks `time.sleep` of Python.
    """
    spec = importlib.util.find_spec("libfaketime")
    found = (
        [file for place in (spec.submodule_search_locations or []) for file in Path(place).rglob(NAME)] if spec else []
    )
    if not found:
        raise PermissionError("libfaketime is not installed: pip install libfaketime, which needs a C compiler")
    return found[0]


class ClockSystem(System):
    """The program, with Valkey, on a machine whose clock can be moved. PostgreSQL is on another one.

    Raises `PermissionError` without libfaketime, before anything is started.
    """

    def __init__(self, database: str, port: int = 0, *, payments: bool = False) -> None:
        self.library = library()
        super().__init__(database, port, payments=payments)

    def start_program(self, environment: dict[str, str]) -> Stack:
        self.off = self.folder / "off"
        self.move("+0")
        changed = {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.off),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        return stack.start(environment | changed, arguments=("--follow-parent",))

    def move(self, by: str) -> None:
        """Move the clock by so many seconds, with a sign, from what is right."""
        self.off.write_text(by + "\n")
