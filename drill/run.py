"""One drill: the replay makes requests, the faults break parts of the system, the probe measures."""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from accounts.demo import PASSWORD
from drill.faults import Chooser
from drill.probe import Probe, Timeline
from drill.system import System
from ops.seed import STAFF
from simulator.accounts import DEVELOPMENT_SECRET
from simulator.feed import Feed
from simulator.habits import Habits
from simulator.ledger import Ledger
from simulator.movement import Place
from simulator.pickups import Demand
from simulator.replay import LAST_EVENTS_S, Plan, Progress, Replay
from simulator.report import Report

log = logging.getLogger(__name__)

SOUTH, NORTH, WEST, EAST = 40.735, 40.765, -73.995, -73.970  # Midtown
PARTNERS, USERS = 10, 12
# A whole ride in about six seconds, so that every fault strikes rides at every stage.
BRISK = Habits(
    decline=0.1,
    ignore=0.03,
    think_s=(0.1, 0.8),
    arrival_s=(0.8, 3.0),
    top_speed_m_per_s=1500.0,
    service_median_s=2.0,
    service_s=(0.5, 6.0),
    drift_m=200.0,
    position_every_s=1.0,
)
QUIET_S = 3.0  # before the first fault


@dataclass(frozen=True)
class Options:
    """The parameters of a drill."""

    database: str
    seed: int
    minutes: float
    every_s: float
    rate: float  # requests a second


@dataclass(frozen=True)
class Struck:
    """A past fault, with its beginning and end in `perf_counter` seconds."""

    name: str
    began: float
    ended: float


@dataclass
class Outcome:
    """The clients' view of a drill."""

    replay: Report
    ledger: Ledger
    feeds: list[Feed]
    timeline: Timeline
    struck: list[Struck]
    unserved: int  # probes cancelled without an offer
    wall_s: float
    errors: Counter[str] = field(default_factory=Counter)


async def drill(system: System, options: Options, progress: Progress) -> Outcome:
    """Run the load and the faults to their end, then wait until the clients have their last events."""
    began = time.perf_counter()
    plan = plan_of(options, system)
    replay = Replay(plan, progress)
    probe = Probe(
        system.url, staff_email=STAFF, staff_password=PASSWORD, secret=DEVELOPMENT_SECRET, provider=system.provider
    )
    struck: list[Struck] = []
    await probe.start()
    strikes = asyncio.create_task(strike(system, options, replay, struck, progress))
    try:
        report = await replay.run(asyncio.Event())
        await strikes
        await probe.settle()
        probe_missing = await asyncio.gather(*(feed.undelivered(within_s=LAST_EVENTS_S) for feed in probe.feeds))
        report.sockets.undelivered += sum(missing or 0 for missing in probe_missing)
        report.sockets.missing += sum(feed.numbering.missing for feed in probe.feeds)
    finally:
        strikes.cancel()
        await probe.close()
    return Outcome(
        replay=report,
        ledger=replay.ledger,
        feeds=[*(p.feed for p in replay.partners), *(u.feed for u in replay.crowd.users), *probe.feeds],
        timeline=probe.timeline,
        struck=struck,
        unserved=probe.unserved,
        wall_s=time.perf_counter() - began,
        errors=replay.api.errors + probe.api.errors,
    )


def plan_of(options: Options, system: System) -> Plan:
    """Plan requests all over Midtown, at random moments at the given rate. The same seed gives the same plan."""
    rng = Random(f"drill {options.seed}")

    def place() -> Place:
        return Place(rng.uniform(SOUTH, NORTH), rng.uniform(WEST, EAST))

    lasts_s = options.minutes * 60
    moments = sorted(rng.uniform(0, lasts_s) for _ in range(round(lasts_s * options.rate)))
    return Plan(
        title=f"Drill on {options.database}, seed {options.seed}",
        server=system.url,
        demands=[Demand(at_s, place()) for at_s in moments],
        starts=[place() for _ in range(PARTNERS)],
        habits=BRISK,
        seed=options.seed,
        secret=DEVELOPMENT_SECRET,
        staff_email=STAFF,
        staff_password=PASSWORD,
        cache=None,
        wait_s=180.0,
        users=USERS,
        provider=system.provider,
    )


async def strike(system: System, options: Options, replay: Replay, struck: list[Struck], progress: Progress) -> None:
    """Strike with one fault after another while requests are made, `every_s` apart from start to start."""
    await replay.asking.wait()
    chooser = Chooser(options.database, options.seed, payments=bool(system.provider))
    start = time.perf_counter() + QUIET_S
    end = start - QUIET_S + options.minutes * 60
    due = start
    while due < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        fault = chooser.next()
        log.info("%s", fault.name)
        began = time.perf_counter()
        await fault.strike(system)
        struck.append(Struck(fault.name, began, time.perf_counter()))
        due = max(due + options.every_s, time.perf_counter() + 1.0)
