"""One drill on a running system: carry it out, judge the outcome, print the report."""

import argparse
import asyncio
from dataclasses import replace

from django.db import connections

from drill import ha, money, report, told
from drill.ha_system import HaSystem
from drill.judge import judge
from drill.run import Options, drill
from drill.system import System


def carry_out(system: System, options: argparse.Namespace, seed: int) -> int:
    """Drill a running system, judge it and print the report. Returns the exit code."""
    wanted = Options(options.database, seed, options.minutes, options.every, options.rate)
    further: list[report.Line] = []
    if isinstance(system, HaSystem):
        wanted = replace(wanted, parts=ha.faults(), outside=False)
    outcome = asyncio.run(drill(system, wanted, lambda what, done, total: None))
    moved = None
    if system.provider:
        money.settle()
        moved = money.judge(money.provider_book(system.stack.data))
    told.settle()
    words = told.judge(outcome, system.outside, push_key(system))
    facts = judge(outcome)
    connections.close_all()
    if isinstance(system, HaSystem):
        further = [report.Line(*measure) for measure in ha.measures(system, outcome)]
    after = report.Aftermath(
        strays=len(system.stray()),
        audit=audit(system),
        reconciler=reconciler(system) if system.provider else "",
        orphans=system.stop(),
    )
    table = report.lines(outcome, facts, after, within_s=options.within, money=moved, told=words, further=further)
    title = f"Drill on {options.database}, seed {seed}: {options.minutes:g} min, a fault every {options.every:g} s"
    print(report.text(title, outcome, facts, table, words), flush=True)
    return 1 if any(line.kept is False for line in table) else 0


def push_key(system: System) -> str:
    """The public key that signs the program's pushes."""
    status, answer = system.stack.call("GET", "/pushKey")
    assert status == 200, answer
    return str(answer["publicKey"])


def audit(system: System) -> str:
    """Run `manage.py audit` and return the last line of its findings, or "" if every promise holds."""
    try:
        system.stack.manage("audit", "--live")
    except AssertionError as error:
        return str(error).strip().splitlines()[-1][:80]
    return ""


def reconciler(system: System) -> str:
    """Run `manage.py reconcile` and return its last line, or "" if it finds nothing."""
    try:
        closing = system.stack.manage("reconcile").strip().splitlines()[-1]
    except AssertionError as error:
        return str(error).strip().splitlines()[-1][:80]
    return "" if closing.endswith("0 repaired, 0 differ.") else closing
