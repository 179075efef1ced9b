"""`manage.py bots`: a small city of simulated partners."""

import dataclasses
import logging
import os
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from runner.lifeline import watch
from simulator.accounts import DEVELOPMENT_SECRET
from simulator.city import City
from simulator.habits import FRIENDLY, LIFELIKE
from simulator.running import run

DEFAULT_SERVER = "http://127.0.0.1:8000"
STAFF_EMAIL, STAFF_PASSWORD = "staff@demo.test", "cheers-demo"  # the account that `manage.py seed` creates


def server_url(text: str) -> str:
    """Check the value of --server and return it without a trailing slash. Raises `ArgumentTypeError`."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ArgumentTypeError("takes an address like http://127.0.0.1:8000")
    return text.rstrip("/")


def add_server_arguments(parser: CommandParser) -> None:
    """Add the options that both commands of the simulator have."""
    parser.add_argument(
        "--server", type=server_url, default=DEFAULT_SERVER, help="where the server is (default %(default)s)"
    )
    parser.add_argument("--staff-email", default=STAFF_EMAIL, help="who approves the bots (default %(default)s)")
    parser.add_argument(
        "--staff-password",
        default=os.environ.get("BOTS_STAFF_PASSWORD", STAFF_PASSWORD),
        help="their password (default: BOTS_STAFF_PASSWORD, else that of the demo account)",
    )
    parser.add_argument(
        "--secret",
        default=os.environ.get("BOTS_SECRET", DEVELOPMENT_SECRET),
        help="what the bots' passwords are derived from (default: BOTS_SECRET, else one for development)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(settings.DATA_DIR) / "simulator",
        help="folder in which tokens are remembered (default: simulator/ in SPEEDYCHEERS_DATA)",
    )


class Command(BaseCommand):
    help = (
        "Simulate partners through the public API and sockets, until a signal. They accept, drive, cheer and go on. "
        "At the friendly pace they arrive within 20 to 40 s and stay for 40 to 90 s, so that a newcomer sees a whole "
        "session; at the real pace they drive at 20 km/h and stay for about 6 minutes. With --speed above 1, multiply "
        "the server's POSITION_SPEED_MAX_MPS (50) by it."
    )
    requires_system_checks: list[str] = []  # a client; the server has run the checks

    def add_arguments(self, parser: CommandParser) -> None:
        add_server_arguments(parser)
        parser.add_argument("--partners", type=int, default=6, help="how many (default 6)")
        parser.add_argument("--seed", type=int, help="make their choices repeatable")
        parser.add_argument("--speed", type=float, default=1.0, help="how much faster than the pace (default 1)")
        parser.add_argument("--pace", choices=["friendly", "real"], default="friendly", help="default %(default)s")
        parser.add_argument("--decline", type=float, default=0.1, help="share of offers declined (default 0.1)")
        parser.add_argument("--ignore", type=float, default=0.02, help="share left to lapse (default 0.02)")

    def handle(self, *args: Any, **options: Any) -> None:
        watch()
        pace = FRIENDLY if options["pace"] == "friendly" else LIFELIKE
        try:
            habits = dataclasses.replace(
                pace, speed=options["speed"], decline=options["decline"], ignore=options["ignore"]
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        if not 0 <= options["partners"] <= 9999:
            raise CommandError("--partners takes 0 to 9999")
        city = City(
            server=options["server"],
            partners=options["partners"],
            habits=habits,
            seed=options["seed"],
            secret=options["secret"],
            staff_email=options["staff_email"],
            staff_password=options["staff_password"],
            cache=options["cache"],
        )
        code = run(city.run)
        # An ordinary exit spends up to a second tearing down Django on a busy machine.
        logging.shutdown()
        os._exit(code)
