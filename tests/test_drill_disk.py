"""The parts of the drill's suite `disk` that need none of its processes."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from drill import disk_system, disks
from drill.probe import Timeline
from drill.run import Struck
from testbed.environment import make_folder

REFUSED = {"POST /cheerRequest: 503 storage_full": 2}


def failed(offers: list[tuple[float, float]], errors: dict[str, int] = REFUSED) -> list[str]:
    struck = [Struck(name, 100.0, 108.0) for name in disks.NAMES.values()]
    outcome: Any = SimpleNamespace(struck=struck, timeline=Timeline(offers=offers), errors=Counter(errors))
    return [line.name for line in disks.measures(outcome) if line.kept is False]


def test_offers_count_from_the_moment_at_which_there_is_room() -> None:
    assert failed([(101.0, 102.0), (108.5, 117.0)]) == []
    assert failed([(101.0, 102.0), (108.5, 119.0)]) == [f"offers again after {name}" for name in disks.NAMES.values()]
    assert len(failed([(101.0, 102.0)])) == len(disks.NAMES)


def test_a_disk_that_nobody_noticed_was_not_full() -> None:
    assert failed([(108.5, 109.0)], {}) == ["calls refused with 503 meanwhile"]


def test_every_disk_has_its_turn() -> None:
    chooser = disks.faults()
    drawn = [chooser.next() for _ in range(2 * len(disks.NAMES))]
    assert [fault.name if fault else "" for fault in drawn] == [*disks.NAMES.values()] * 2


def test_a_disk_is_full_until_there_is_room() -> None:
    try:
        disk = disk_system.Disk(make_folder() / "disk", 1)
    except PermissionError:  # not everybody may mount
        return
    try:
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            (disk.folder / "more").write_bytes(b"x" * 8192)
        disk.make_room()
        (disk.folder / "more").write_bytes(b"x" * 8192)
    finally:
        disk.unmount()
