"""How pytest-xdist deals the tests out to its workers: a file goes to one worker, and those of one program to one.

The tests of a file share what their fixtures have built. pytest-xdist's own groups don't work with pytest 9.2, whose
ids of tests it can't change.
"""

import pytest
from xdist.scheduler import LoadFileScheduling

# The files that start the whole program, by what they share: one that runs all the time, one installation, or nothing.
PROGRAM_FILES = {
    "the running program": ("tests/browser/", "tests/e2e/", "tests/fuzz/test_wire.py"),
    "the installation": ("tests/production/",),
    "": ("tests/night/", "tests/run/"),
}
EARLY_FILES = ("tests/",)  # the long ones: short files at the end leave no worker waiting


def needs_program(nodeid: str) -> bool:
    """Whether a test belongs to those that start the whole program."""
    return any(nodeid.startswith(files) for files in PROGRAM_FILES.values())


class ByFile(LoadFileScheduling):
    """Deals out files, or those that share a program together, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        shared = next((name for name, files in PROGRAM_FILES.items() if nodeid.startswith(files)), "")
        return shared or str(super()._split_scope(nodeid))


def order(items: list[pytest.Item]) -> None:
    """Bring what takes long to the front."""
    early = [*PROGRAM_FILES.values(), EARLY_FILES, ("",)]
    items.sort(key=lambda item: next(n for n, files in enumerate(early) if item.nodeid.startswith(files)))
