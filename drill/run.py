"""One drill: the replay makes requests, the faults break parts of the system, the probe measures."""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from accounts.demo import PASSWORD
from drill.absence import Absence
from drill.absent import Person
from drill.faults import Chooser, chooser_of, faults_outside
from drill.probe import Probe, Timeline
from drill.staff_pages import Shown, StaffPages
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
PARTNERS, USERS = 10, 12  # for each request a second, and at least
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
DISPUTED = "4000000000000259"  # a card whose payments are disputed with its bank


@dataclass(frozen=True)
class Options:
    """The parameters of a drill."""

    database: str
    seed: int
    minutes: float
    every_s: float
    rate: float  # requests a second
    parts: Chooser | None = None  # the faults of the parts; by default those of the database and the seed
    outside: bool = True  # whether the services outside fail, too
    banks: bool = False  # whether partners are paid out, and some users dispute what they pay
    staff_pages: int = 0  # live pages of staff that stay open


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
    people: list[Person] = field(default_factory=list)  # all who can be told without a socket
    struck_outside: list[Struck] = field(default_factory=list)  # faults of the push service and the mail server
    staff_pages: Shown | None = None


async def drill(system: System, options: Options, progress: Progress) -> Outcome:
    """Run the load and the faults to their end, then wait until the clients have their last events."""
    began = time.perf_counter()
    plan = plan_of(options, system)
    replay = Replay(plan, progress)
    probe = Probe(
        system.url, staff_email=STAFF, staff_password=PASSWORD, secret=DEVELOPMENT_SECRET, provider=system.provider
    )
    absence = Absence(system, seed=options.seed, secret=DEVELOPMENT_SECRET, staff_email=STAFF, staff_password=PASSWORD)
    pages = StaffPages(system.url, options.staff_pages, staff_email=STAFF, staff_password=PASSWORD)
    struck: list[Struck] = []
    outside: list[Struck] = []
    await probe.start()
    await pages.open()
    ready = asyncio.Event()
    absent = asyncio.create_task(keep_away(absence, replay, options, ready))
    parts = options.parts or chooser_of(options.database, options.seed, payments=bool(system.provider))
    services = Chooser(faults_outside(), Random(f"outside {options.seed}"))
    strikes = [asyncio.create_task(strike(system, options, parts, ready, struck))]
    if options.outside:
        later_s = options.every_s / 2
        strikes.append(asyncio.create_task(strike(system, options, services, ready, outside, later_s=later_s)))
    try:
        report = await replay.run(asyncio.Event())
        await asyncio.gather(*strikes, absent)
        await probe.settle()
        probe_missing = await asyncio.gather(*(feed.undelivered(within_s=LAST_EVENTS_S) for feed in probe.feeds))
        report.sockets.undelivered += sum(missing or 0 for missing in probe_missing)
        report.sockets.missing += sum(feed.numbering.missing for feed in probe.feeds)
        shown = await pages.look() if pages.pages else None
    finally:
        for task in (*strikes, absent):
            task.cancel()
        await asyncio.gather(absence.close(), probe.close(), pages.close())
    return Outcome(
        replay=report,
        ledger=replay.ledger,
        feeds=[*(p.feed for p in replay.partners), *(u.feed for u in replay.crowd.users), *probe.feeds, *absence.feeds],
        timeline=probe.timeline,
        struck=struck,
        unserved=probe.unserved,
        wall_s=time.perf_counter() - began,
        errors=replay.api.errors + probe.api.errors + absence.errors + pages.api.errors,
        people=absence.people,
        struck_outside=outside,
        staff_pages=shown,
    )


async def keep_away(absence: Absence, replay: Replay, options: Options, ready: asyncio.Event) -> None:
    """Bring the absent people in, set `ready`, and let them act while the replay makes its requests."""
    await absence.prepare()
    await replay.asking.wait()
    await absence.give_devices(replay)
    ready.set()
    await absence.run(options.minutes * 60)


def plan_of(options: Options, system: System) -> Plan:
    """Plan requests all over Midtown, at random moments at the given rate. The same seed gives the same plan."""
    rng = Random(f"drill {options.seed}")

    def place() -> Place:
        return Place(rng.uniform(SOUTH, NORTH), rng.uniform(WEST, EAST))

    lasts_s, scale = options.minutes * 60, max(1.0, options.rate)
    moments = sorted(rng.uniform(0, lasts_s) for _ in range(round(lasts_s * options.rate)))
    return Plan(
        title=f"Drill on {options.database}, seed {options.seed}",
        server=system.url,
        demands=[Demand(at_s, place()) for at_s in moments],
        starts=[place() for _ in range(round(PARTNERS * scale))],
        habits=BRISK,
        seed=options.seed,
        secret=DEVELOPMENT_SECRET,
        staff_email=STAFF,
        staff_password=PASSWORD,
        cache=None,
        wait_s=180.0,
        users=round(USERS * scale),
        provider=system.provider,
        paid_out=options.banks,
        cards=("", "", "", DISPUTED) if options.banks else ("",),
    )


async def strike(
    system: System,
    options: Options,
    chooser: Chooser,
    ready: asyncio.Event,
    struck: list[Struck],
    later_s: float = 0.0,
) -> None:
    """Strike with one fault after another while requests are made, `every_s` apart from start to start."""
    await ready.wait()
    end = time.perf_counter() + options.minutes * 60
    due = time.perf_counter() + QUIET_S + later_s
    while due < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        fault = chooser.next()
        if fault is None:
            return
        log.info("%s", fault.name)
        began = time.perf_counter()
        await fault.strike(system)
        struck.append(Struck(fault.name, began, time.perf_counter()))
        due = max(due + options.every_s, time.perf_counter() + 1.0)
