"""`python -m drill`: kill parts of the running system for a while and see that nothing is lost.

The same seed draws the same faults and the same requests. Exit code 1: something was lost, doubled or left behind.
"""

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
from pathlib import Path

from drill.system import System

BASE = Path(__file__).resolve().parent.parent


def main() -> int:
    """Parse the command line and drill. Answers the exit code."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind then either
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10_000)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "simulator", "websockets"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    print(
        f"Drill on {options.database}, seed {seed}: {options.minutes:g} min, a fault every {options.every:g} s.",
        flush=True,
    )
    payments = options.payments if options.payments is not None else options.database == "postgres"
    system = System(options.database, options.port, payments=payments)
    logs = Path(os.environ.get("SPEEDYCHEERS_DATA", BASE / "var")) / "drill-logs"
    try:
        return carry_out(system, options, seed)
    finally:
        system.close()
        system.keep_logs(logs)
        print(f"The logs of the parts are in {logs}.", flush=True)


def carry_out(system: System, options: argparse.Namespace, seed: int) -> int:
    """Drill a running system, judge it and print the report. Answers the exit code."""
    os.environ["SPEEDYCHEERS_DATA"] = str(system.stack.data)
    if system.database_url:
        os.environ["DATABASE_URL"] = system.database_url
    os.environ["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
    import django

    django.setup(set_prefix=False)
    logging.getLogger("simulator").setLevel(logging.ERROR)
    from django.db import connections

    from drill import money, report
    from drill.judge import judge
    from drill.run import Options, drill

    wanted = Options(options.database, seed, options.minutes, options.every, options.rate)
    outcome = asyncio.run(drill(system, wanted, lambda what, done, total: None))
    moved = None
    if system.provider:
        money.settle()
        moved = money.judge(money.provider_book(system.stack.data))
    facts = judge(outcome)
    connections.close_all()
    after = report.Aftermath(
        strays=len(system.stray()),
        audit=audit(system),
        reconciler=reconciler(system) if system.provider else "",
        orphans=system.stop(),
    )
    table = report.lines(outcome, facts, after, within_s=options.within, money=moved)
    title = f"Drill on {options.database}, seed {seed}: {options.minutes:g} min, a fault every {options.every:g} s"
    print(report.text(title, outcome, facts, table), flush=True)
    return 1 if any(line.kept is False for line in table) else 0


def audit(system: System) -> str:
    """What `manage.py audit` finds; "" where every promise holds."""
    try:
        system.stack.manage("audit", "--live")
    except AssertionError as error:
        return str(error).strip().splitlines()[-1][:80]
    return ""


def reconciler(system: System) -> str:
    """What `manage.py reconcile` repairs or reports; "" where it finds nothing."""
    try:
        closing = system.stack.manage("reconcile").strip().splitlines()[-1]
    except AssertionError as error:
        return str(error).strip().splitlines()[-1][:80]
    return "" if closing.endswith("0 repaired, 0 differ.") else closing


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--seed", type=int, help="of faults and requests (default: a random one, printed)")
    parser.add_argument(
        "--payments",
        action=argparse.BooleanOptionalAction,
        help="charge cards at the provider's stand-in, which has faults, too (default: on PostgreSQL)",
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default 5)")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two faults (default 10)")
    parser.add_argument("--rate", type=float, default=1.0, help="requests a second (default 1)")
    parser.add_argument("--within", type=float, default=5.0, help="the slowest recovery allowed, s (default 5)")
    parser.add_argument("--port", type=int, default=0, help="where the system listens (default: any free port)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
