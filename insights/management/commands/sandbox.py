"""`manage.py sandbox`: try other rules on a recorded day."""

import json
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Invalid
from insights.sandbox.conditions import Variant, read_variants
from insights.sandbox.table import lines
from insights.sandbox.trying import try_rules
from regions.selectors import region_by_slug

HELP = """
Replay a recorded day of a region under its rules and under others, and compare waits, unmatched requests and earnings.
Nothing is written to the database.

FILE is TOML with a table for each set of rules. A table names what it changes of the rules that were in force: fields
of a region's policy (offer_ttl_s, patience_s, radii_m, cap_s, cap_shortage, cap_least_s, cap_widens, age_credit,
cap_lone, cap_local), and `partners`, how many times as many partners there are. For example

    [wider]
    radii_m = [3000, 8000]

    [fewer]
    partners = 0.8
"""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--region", required=True, metavar="SLUG")
        parser.add_argument("--day", required=True, type=day, help="in the region's time, for example 2026-01-31")
        parser.add_argument("--rules", type=Path, metavar="FILE", help="the rules to try; without it, those in force")
        parser.add_argument("--seed", type=int, default=1, help="of all that is drawn (default 1)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file, too")

    def handle(self, *args: Any, **options: Any) -> None:
        region = region_by_slug(options["region"])
        if region is None:
            raise CommandError(f"No region is called {options['region']}.")
        try:
            variants: list[Variant] = read_variants(options["rules"]) if options["rules"] else []
            report = try_rules(region, options["day"], variants, seed=options["seed"])
        except Invalid as error:
            raise CommandError(str(error.detail)) from None
        except OSError as error:
            raise CommandError(f"The rules can't be read: {error}") from None
        if not report.runs[0].figures.requests:
            raise CommandError(f"{region.name} has no requests of {options['day']}.")
        for line in lines(report):
            self.stdout.write(line)
        if options["json"]:
            try:
                options["json"].write_text(json.dumps(report.as_json(), indent=2) + "\n")
            except OSError as error:
                raise CommandError(f"The figures can't be written: {error}") from None


def day(text: str) -> date:
    """Parse a day such as 2026-01-31."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day such as 2026-01-31") from None
