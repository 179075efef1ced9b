"""How pytest-xdist deals the tests out to its workers: a file goes to one worker, and the whole program to one, first.

The tests of a file share what their fixtures have built. pytest-xdist's own groups don't work with pytest 9.2, whose
ids of tests it can't change.
"""

import pytest
from xdist.scheduler import LoadFileScheduling

PROGRAM = "the whole program"
# Where tests start it. Side by side they would only slow each other down, and start it twice.
PROGRAM_FILES = ("tests/browser/", "tests/e2e/", "tests/production/", "tests/run/", "tests/fuzz/test_wire.py")
EARLY_FILES = ("tests/",)  # the long ones: short files at the end leave no worker waiting


def needs_program(nodeid: str) -> bool:
    """Whether a test belongs to those that start the whole program."""
    return nodeid.startswith(PROGRAM_FILES)


class ByFile(LoadFileScheduling):
    """Deals out files, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return PROGRAM if needs_program(nodeid) else str(super()._split_scope(nodeid))


def order(items: list[pytest.Item]) -> None:
    """Bring what takes long to the front."""
    items.sort(key=lambda item: (not needs_program(item.nodeid), not item.nodeid.startswith(EARLY_FILES)))
