"""The suite `disk`: the database, Valkey and the program find no room on their disks for a while."""

import asyncio
import contextlib
from functools import partial

from drill.disk_system import DiskSystem
from drill.faults import Chooser, Fault, InOrder
from drill.lines import Line
from drill.run import Outcome
from drill.system import System

NAMES = {"database": "the database's disk full", "valkey": "Valkey's disk full", "var": "the program's disk full"}
FULL_S, AGAIN_S = 8.0, 0.2  # how long a disk is full, and how often what has become free meanwhile is taken
OFFERS_WITHIN_S = 10.0  # after there is room


async def full(name: str, system: System) -> None:
    """Leave a disk without room for a while. A database that has ended for it is started again once there is room."""
    assert isinstance(system, DiskSystem)
    disk, server = system.disks[name], system.postgres
    assert server is not None
    for _ in range(round(FULL_S / AGAIN_S)):
        await asyncio.to_thread(disk.fill)
        await asyncio.sleep(AGAIN_S)
    disk.make_room()
    while name == "database":
        with contextlib.suppress(RuntimeError):
            await asyncio.to_thread(server.wait)
            return
        server.launch()


def faults() -> Chooser:
    """Each disk full, again and again."""
    return InOrder([], [Fault(text, partial(full, name)) for name, text in NAMES.items()])


def measures(outcome: Outcome) -> list[Line]:
    """The measures of the suite: how soon offers came again once there was room, and that calls were refused before."""
    found = []
    for text in NAMES.values():
        waits = [outcome.timeline.offer_after(fault.ended) for fault in outcome.struck if fault.name == text]
        known = [wait for wait in waits if wait is not None]
        value = f"{max(known):.1f} s" if known and len(known) == len(waits) else "never"
        kept = value != "never" and max(known) <= OFFERS_WITHIN_S
        found.append(Line(f"offers again after {text}", value, f"at most {OFFERS_WITHIN_S:g} s", kept))
    refused = sum(count for what, count in outcome.errors.items() if "storage_full" in what or "database_un" in what)
    return [*found, Line("calls refused with 503 meanwhile", str(refused), "at least 1", refused > 0)]
