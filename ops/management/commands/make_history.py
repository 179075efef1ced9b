"""`manage.py make_history`: fill a database for development or benchmarks with years of cheers."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from core.errors import Invalid
from ops.made_history import making

REQUESTS_PER_USER, REQUESTS_PER_PARTNER = 20, 500


class Command(BaseCommand):
    help = (
        "Make up a history of cheers in a database without any, to see what size does. The same seed and day make the "
        "same history. Only with DEBUG, or with --empty-database where nobody has an account."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--requests", type=int, default=1_000_000, help="each with three offers and a ride")
        parser.add_argument("--users", type=int, help="one for 20 requests if not given; five do far more than others")
        parser.add_argument("--partners", type=int, help="one for 500 requests if not given; five do far more")
        parser.add_argument("--days", type=int, default=365, help="over which the requests are spread")
        parser.add_argument("--events", type=float, default=0.05, help="the part of the requests whose events are kept")
        parser.add_argument(
            "--heavy", type=float, default=0.04, help="the part of the requests that goes to those five"
        )
        parser.add_argument("--until", type=day, help="the day on which it ends; today if not given")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--empty-database", action="store_true", help="allow it without DEBUG, if nobody is there")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and (not options["empty_database"] or making.has_accounts()):
            raise CommandError("Made-up cheers belong into development, or with --empty-database where nobody is.")
        if not making.is_free():
            raise CommandError("This database has cheers already; a history is made only where none are.")
        requests = options["requests"]
        size = making.Size(
            requests=requests,
            users=options["users"] or max(making.ACCOUNTS_MIN, requests // REQUESTS_PER_USER),
            partners=options["partners"] or max(making.ACCOUNTS_MIN, requests // REQUESTS_PER_PARTNER),
            days=options["days"],
            events=options["events"],
            heavy=options["heavy"],
            until=options["until"] or clock.now().replace(hour=0, minute=0, second=0, microsecond=0),
            seed=options["seed"],
        )
        try:
            making.make_history(size, self._tell)
        except Invalid as error:
            raise CommandError(str(error)) from None

    def _tell(self, requests: int) -> None:
        if requests % 100_000 == 0:
            self.stdout.write(f"{clock.now():%H:%M:%S} {requests:,} requests")


def day(text: str) -> datetime:
    """Parse a day such as 2026-01-31 as its beginning in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day such as 2026-01-31") from None
