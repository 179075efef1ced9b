"""`manage.py import_history FILE --region SLUG`: the demand before this installation."""

import gzip
import zlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from insights.forecast.importing import import_history
from regions.selectors import region_by_slug


class Command(BaseCommand):
    help = "Import a region's past demand, which its forecast learns from (docs/forecast.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV with the columns t, lat, lng; gzipped if it ends in .gz")
        parser.add_argument("--region", required=True, help="the region's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        path, region = options["file"], region_by_slug(options["region"])
        if region is None:
            raise CommandError(f"No region is called {options['region']}.")
        try:
            with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
                found = import_history(region, lines)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise CommandError(str(error)) from error
        span = f"{found.first:%Y-%m-%d %H:%M} to {found.last:%Y-%m-%d %H:%M} UTC"
        self.stdout.write(f"{found.requests} requests from {span}; {found.outside} outside the region left out.")
