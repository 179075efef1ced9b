"""The faults and measures of the suite `ha`: servers that replace each other, whose primaries are killed."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from typing import Any

from drill import lost
from drill.faults import Chooser, Fault, InOrder
from drill.ha_system import HaSystem
from drill.lines import Line, zero
from drill.run import Outcome
from drill.system import System
from testbed.processes import wait_until

log = logging.getLogger(__name__)

NEW_PRIMARY_S = 90.0
BEHIND_S = 2.0
OFFERS_WITHIN_S = {"PostgreSQL": 15.0, "Valkey": 10.0, "PgBouncer": 10.0}  # after a part is killed


# ---------------------------------------------------------------- faults


def _servers(system: System) -> HaSystem:
    assert isinstance(system, HaSystem)
    return system


async def pooler_killed(system: System) -> None:
    """Kill PgBouncer and start it again, from the main thread: it ends with the thread that has started it."""
    _servers(system).cluster.restart_pgbouncer()


async def valkey_killed(system: System) -> None:
    """Kill the primary of Valkey. It comes back as a replica once another has its place."""
    valkeys = _servers(system).valkeys
    dead = await asyncio.to_thread(valkeys.kill_primary)
    valkeys.restart(dead)


async def database_killed(system: System) -> None:
    """Kill the primary of PostgreSQL and its Patroni for good, and wait until another takes writes.

    An asynchronous replica is behind by commits: what sends it the log is stopped some seconds before.
    """
    cluster = _servers(system).cluster
    name = await asyncio.to_thread(cluster.primary)
    if not cluster.synchronous:
        for pid in cluster.senders(name):
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(BEHIND_S)
    await asyncio.to_thread(cluster.kill_for_good, name)
    await asyncio.to_thread(wait_until, cluster.takes_writes, NEW_PRIMARY_S, "another primary")


def faults() -> Chooser:
    """Each fault once, the database's last, since it is for good; then the others again and again."""
    again = [Fault("PgBouncer killed and started", pooler_killed), Fault("Valkey's primary killed", valkey_killed)]
    return InOrder([*again, Fault("PostgreSQL's primary killed for good", database_killed)], again)


# ---------------------------------------------------------------- the report


def measures(system: HaSystem, outcome: Outcome) -> list[Line]:
    """The measures of the suite: how soon offers came again after each death, and that nothing was restarted."""
    found = [zero("processes of ours restarted", system.restarted())]
    for kind, within_s in OFFERS_WITHIN_S.items():
        deaths = [fault.began for fault in outcome.struck if fault.name.startswith(kind)]
        if kind == "PostgreSQL" and deaths and system.cluster.died_at is not None:
            deaths = [system.cluster.died_at]  # its replicas were stopped before
        waits = [outcome.timeline.offer_after(death) for death in deaths]
        known = [wait for wait in waits if wait is not None]
        value = f"{max(known):.1f} s" if known and len(known) == len(waits) else "never"
        kept = value != "never" and max(known) <= within_s
        found.append(Line(f"offers again after {kind}'s death", value, f"at most {within_s:g} s", kept))
    return found


def loss(system: HaSystem, outcome: Outcome, book: Mapping[str, Mapping[str, Any]]) -> tuple[lost.Held, lost.Verdict]:
    """Return what the program has lost to the dead primary, and how the clients and the reconciler took it."""
    with system.dead_database() as address:
        gone = lost.loss_against(address)
    verdict = lost.judge(outcome, gone, book)
    for finding in (*verdict.unexplained, *verdict.unaware, *verdict.unnamed):
        log.error("after the loss: %s", finding)
    return gone, verdict
