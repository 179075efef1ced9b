"""`manage.py rebuild_facts`: count the facts of hours again, from the rows."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from insights.facts.services import rebuild
from regions.models import Region


class Command(BaseCommand):
    help = "Count the facts of all hours again, or of one region or time. The program may go on meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", help="the short name of one region")
        parser.add_argument("--from", dest="begin", type=day, help="the first day, by UTC, for example 2026-01-31")
        parser.add_argument("--until", type=day, help="the day after the last one")

    def handle(self, *args: Any, **options: Any) -> None:
        regions = Region.objects.all()
        if options["region"]:
            regions = regions.filter(slug=options["region"])
            if not regions:
                raise CommandError(f"There is no region {options['region']}.")
        rebuild(now=clock.now(), regions=regions, begin=options["begin"], end=options["until"], told=self._tell)

    def _tell(self, region: Region, upto: datetime) -> None:
        if self.verbosity_is_high:
            self.stdout.write(f"{region.slug} up to {upto:%Y-%m-%d %H:%M}")

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.verbosity_is_high = options["verbosity"] > 1
        return super().execute(*args, **options)


def day(text: str) -> datetime:
    """Parse a day such as 2026-01-31 as its beginning in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day such as 2026-01-31") from None
