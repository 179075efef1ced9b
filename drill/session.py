"""One drill on a running system: carry it out, judge the outcome, print the report."""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import connections

from drill import banks, clocks, disks, ha, lost, money, report, staff_pages, told, upgrade
from drill.aftermath import audit, push_key, reconciler
from drill.clock_system import ClockSystem
from drill.disk_system import DiskSystem
from drill.faults import Chooser, Fault
from drill.ha_system import HaSystem
from drill.judge import Facts, judge
from drill.lines import Line
from drill.rolling_system import RollingSystem
from drill.run import Options, Outcome, drill
from drill.system import System


def carry_out(system: System, options: argparse.Namespace, seed: int) -> int:
    """Drill a running system, judge it and print the report. Returns the exit code."""
    suite = suite_of(system)
    wanted = Options(
        options.database, seed, options.minutes, options.every, options.rate, parts=suite.parts, outside=suite.outside,
        banks=suite.banks and bool(system.provider), staff_pages=options.staff_pages,
    )  # fmt: skip
    outcome = asyncio.run(drill(system, wanted, lambda what, done, total: None))
    table, facts, words = judged(system, outcome, suite.measures(outcome), within_s=options.within)
    title = f"Drill on {options.database}, seed {seed}: {options.minutes:g} min, a fault every {options.every:g} s"
    print(report.text(title, outcome, facts, table, words), flush=True)
    return 1 if any(line.kept is False for line in table) else 0


@dataclass(frozen=True)
class Suite:
    """The faults of a suite, and its measures beside those of every drill."""

    parts: Chooser | None = None
    outside: bool = True
    banks: bool = False
    measures: Callable[[Outcome], list[Line]] = lambda outcome: []


def suite_of(system: System) -> Suite:
    """Return the suite of a kind of system."""
    if isinstance(system, HaSystem):
        return Suite(ha.faults(), outside=False, measures=partial(ha.measures, system))
    if isinstance(system, RollingSystem):
        one = upgrade.Upgrade()
        fault = Fault("the release replaced", one.strike)
        return Suite(upgrade.Once(fault), outside=False, measures=one.measures)
    if isinstance(system, ClockSystem):
        return Suite(clocks.faults(), outside=False, measures=clocks.measures)
    if isinstance(system, DiskSystem):
        return Suite(disks.faults(), outside=False, measures=disks.measures)
    return Suite(banks=True)


def judged(
    system: System, outcome: Outcome, further: list[Line], *, within_s: float
) -> tuple[list[Line], Facts, told.Told]:
    """Wait until the system is idle, judge it, and stop it."""
    book = {}
    if system.provider:
        banks.decide(system.provider, money.provider_book(system.stack.data))
        money.settle()
        book = money.provider_book(system.stack.data)
    told.settle()
    words_key = push_key(system)
    strays, audited = len(system.stray()), audit(system)
    reconciled = reconciler(system) if system.provider else ""
    loss, verdict = lost.Held(), None
    if isinstance(system, HaSystem) and not system.synchronous:
        loss, verdict = ha.loss(system, outcome, book)
        reconciled = "" if not verdict.unnamed else reconciled
        book = lost.book_without(book, lost.orphans_in(book))
    moved = money.judge(book) if system.provider else None
    further = [*further, *(banks.measures(book) if system.provider else []), *staff_pages.measures(outcome.staff_pages)]
    words = told.judge(outcome, system.outside, words_key, loss.notices)
    facts = judge(outcome, lost.excused(loss))
    further = [*further, *report.loss_lines(loss, verdict, facts.restarts)]
    connections.close_all()
    after = report.Aftermath(strays=strays, audit=audited, reconciler=reconciled, orphans=system.stop())
    table = report.lines(outcome, facts, after, within_s=within_s, money=moved, told=words, further=further)
    return table, facts, words
