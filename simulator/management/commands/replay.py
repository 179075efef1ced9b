"""`manage.py replay`: replays real pickups as requests to a running server."""

import asyncio
import dataclasses
import logging
import math
from argparse import RawDescriptionHelpFormatter
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from runner.lifeline import watch
from simulator import habits
from simulator.management.commands.bots import add_server_arguments
from simulator.pickups import read_pickups, spread, starting_places
from simulator.progress import shown
from simulator.replay import Plan, Replay
from simulator.report import Report
from simulator.running import run

INTERRUPTED = 130

HELP = """
Replay real pickups as requests of simulated users, served by simulated partners, through the public API and sockets.

FILE is a CSV (or .csv.gz) with the columns t (local time to the minute), lat and lng. Driving, thinking and sessions
take their simulated time divided by --speed. The server's own clocks are not sped up: an offer lives OFFER_TTL_S (20)
and a request REQUEST_PATIENCE_S (600) seconds of the wall clock, which at speed 10 are 200 s and 100 min of simulated
time. Both ways are fine: with the server's defaults, users at high speed are very patient; for waits that are true to
life divide both by the speed when starting the server, for example REQUEST_PATIENCE_S=60 OFFER_TTL_S=2 at speed 10.
Positions change faster as well: multiply the server's POSITION_SPEED_MAX_MPS (50) by the speed.
Start the server with BOTS=0: other partners would serve the same requests and blur the figures.

Accounts are made when first needed and remembered in --cache. Hashing their passwords costs the server about 0.2 s of
CPU each, so the first run of a plan is slower than the next; --users makes them ahead of time.

Exit code 1: a request was lost (neither ended nor being served), or a socket missed an event. 2: no replay took place.
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks: list[str] = []  # a client; the server has run the checks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--from", dest="start", required=True, type=datetime.fromisoformat, metavar="TIME")
        parser.add_argument("--to", dest="end", required=True, type=datetime.fromisoformat, metavar="TIME")
        parser.add_argument("--speed", type=float, default=10.0, help="simulated seconds a second (default 10)")
        parser.add_argument("--partners", type=int, default=60, help="how many (default 60)")
        parser.add_argument("--seed", type=int, default=1, help="of everything random (default 1)")
        parser.add_argument("--service", type=float, default=6.0, help="median session, simulated min (default 6)")
        parser.add_argument("--decline", type=float, default=0.1, help="share of offers declined (default 0.1)")
        parser.add_argument("--ignore", type=float, default=0.02, help="share left to lapse (default 0.02)")
        parser.add_argument(
            "--patience",
            type=float,
            metavar="MIN",
            help="users give up after so long without an arrival, simulated min",
        )
        parser.add_argument("--positions", type=float, default=2.0, help="wall s between positions (default 2)")
        parser.add_argument("--users", type=int, default=0, help="users to make before the start (default 0)")
        parser.add_argument("--wait", type=float, default=900.0, help="wall s for the last to end (default 900)")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the report to this file, too")
        add_server_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        watch()
        logging.getLogger("simulator").setLevel(logging.WARNING)  # sixty partners log a lot
        plan = plan_of(options)
        console = Console(stderr=True)
        console.print(plan.title)

        async def main(stop: asyncio.Event) -> int:
            with shown(console) as progress:
                report = await Replay(plan, progress).run(stop)
            return self.hand_over(report, options["report"])

        raise SystemExit(run(main))

    def hand_over(self, report: Report, path: Path | None) -> int:
        """Print and write the report; returns the exit code."""
        self.stdout.write(report.text())
        if path is not None:
            try:
                path.write_text(report.text() + "\n")
            except OSError as error:
                self.stderr.write(f"The report can't be written: {error}")
        if report.interrupted:
            return INTERRUPTED
        return 0 if report.healthy else 1


def plan_of(options: dict[str, Any]) -> Plan:
    """Build the plan from the command's options. Raises `CommandError` with exit code 2."""
    start, end, seed = options["start"], options["end"], options["seed"]
    if start.tzinfo or end.tzinfo:
        raise CommandError("--from and --to are local times of the file, without an offset.", returncode=2)
    try:
        pickups = read_pickups(options["file"], start, end)
        habit = dataclasses.replace(
            habits.LIFELIKE,
            speed=_positive(options, "speed"),
            decline=options["decline"],
            ignore=options["ignore"],
            service_median_s=_positive(options, "service") * 60,
            position_every_s=_positive(options, "positions"),
        )
        patience_s = _positive(options, "patience") * 60 / habit.speed if options["patience"] is not None else None
    except (OSError, ValueError) as error:  # an unreadable file, or an option out of range
        raise CommandError(str(error), returncode=2) from None
    if not pickups:
        raise CommandError(f"{options['file'].name} has no pickups from {start} to {end}.", returncode=2)
    return Plan(
        title=f"Replay of {options['file'].name}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, "
        f"{habit.speed:g} times as fast, {options['partners']} partners, seed {seed}",
        server=options["server"],
        demands=spread(pickups, start, seed=seed),
        starts=starting_places(pickups, options["partners"], seed=seed),
        habits=habit,
        seed=seed,
        secret=options["secret"],
        staff_email=options["staff_email"],
        staff_password=options["staff_password"],
        cache=options["cache"],
        patience_s=patience_s,
        wait_s=options["wait"],
        users=options["users"],
    )


def _positive(options: dict[str, Any], name: str) -> float:
    value = float(options[name])
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"--{name} takes a number above 0.")
    return value
