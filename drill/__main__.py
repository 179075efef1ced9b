"""`python -m drill`: kill parts of the running system for a while and check that nothing is lost.

The same seed gives the same faults and requests. The exit code is 1 if something was lost, doubled or left behind.
"""

import argparse
import logging
import os
import random
import signal
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path

import django

from drill.alert_system import AlertSystem
from drill.clock_system import ClockSystem
from drill.cluster import missing
from drill.disk_system import DiskSystem
from drill.ha_system import HaSystem
from drill.rolling_system import RollingSystem
from drill.system import System

SUITES = {
    "faults": "drill.session",
    "ha": "drill.session",
    "restore": "drill.restore",
    "upgrade": "drill.session",
    "disk": "drill.session",
    "clock": "drill.session",
    "alerts": "drill.alerting",
}
BASE = Path(__file__).resolve().parent.parent


def main() -> int:
    """Parse the command line and drill. Returns the exit code."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the system is ended then, too
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10_000)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "mail.log", "simulator", "websockets"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    print(f"Drill on {options.database}, seed {seed}, suite {options.suite}: {options.minutes:g} min.", flush=True)
    payments = options.payments if options.payments is not None else options.database == "postgres"
    try:
        system = start(options, payments=payments)
    except PermissionError as error:
        print(error, file=sys.stderr)
        return 2
    if system is None:
        return 2
    logs = Path(os.environ.get("SPEEDYCHEERS_DATA", BASE / "var")) / "drill-logs"
    try:
        point_settings_at(system)
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        return int(import_module(SUITES[options.suite]).carry_out(system, options, seed))
    finally:
        system.close()
        system.keep_logs(logs)
        print(f"The logs of the parts are in {logs}.", flush=True)


def start(options: argparse.Namespace, *, payments: bool) -> System | None:
    """Start the system of the wanted suite; None, with a word about each, if it lacks programs."""
    if options.suite == "alerts":
        return AlertSystem(options.database, options.port, payments=payments)
    if options.suite == "disk":
        return DiskSystem("postgres", options.port, payments=payments)
    if options.suite == "clock":
        return ClockSystem("postgres", options.port, payments=payments)
    if options.suite == "upgrade":
        return RollingSystem(options.port, payments=payments, revision=options.revision)
    if options.suite != "ha":
        return System(options.database, options.port, payments=payments)
    if lacking := missing():
        print("\n".join(lacking), file=sys.stderr)
        return None
    return HaSystem(options.port, payments=payments, synchronous=options.replica == "synchronous")


def point_settings_at(system: System) -> None:
    """Point this process at the data folder and the database of the drilled system."""
    os.environ["SPEEDYCHEERS_DATA"] = str(system.stack.data)
    for name in ("DATABASE_URL", "DATABASE_STARTUP_OPTIONS"):
        if name in system.stack.env:
            os.environ[name] = system.stack.env[name]
    os.environ["DEBUG"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
    django.setup(set_prefix=False)
    logging.getLogger("simulator").setLevel(logging.ERROR)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--suite", choices=list(SUITES), default="faults", help="what is broken (default: any part)")
    parser.add_argument(
        "--replica", choices=["synchronous", "asynchronous"], default="synchronous", help="of PostgreSQL in `ha`"
    )
    parser.add_argument(
        "--from",
        dest="revision",
        default="",
        help="the release that `upgrade` starts with, as git names it (default: this one, and a migration is added)",
    )
    parser.add_argument(
        "--history", type=int, default=0, help="requests that the database of `restore` has had before (default 0)"
    )
    parser.add_argument("--data", type=Path, help="pickups for `alerts`: a CSV with the columns t, lat and lng")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, default="2014-06-03T17:00", help="of the pickups (local time)"
    )
    parser.add_argument("--partners", type=int, default=45, help="who serve the pickups (default 45)")
    parser.add_argument("--record", type=Path, help="where `alerts` writes the metrics, look by look")
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
    parser.add_argument("--staff-pages", type=int, default=3, help="live pages of staff that stay open (default 3)")
    parser.add_argument("--within", type=float, default=5.0, help="the slowest recovery allowed, s (default 5)")
    parser.add_argument("--port", type=int, default=0, help="where the system listens (default: any free port)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
