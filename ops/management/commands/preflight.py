"""`manage.py preflight`: say what is wrong with this installation's environment, and what to do about it."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops.preflight import Level, environment, findings
from ops.preflight.services import Fleet, checks


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Look at mail, proxies, addresses, keys, files, database and Valkey. Exits with 1 if anything is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")
        for kind, number in asdict(Fleet()).items():
            parser.add_argument(f"--{kind}", type=int, default=number, help=f"{kind} over all machines ({number})")

    def handle(self, *args: Any, **options: Any) -> None:
        fleet = Fleet(**{kind: options[kind] for kind in asdict(Fleet())})
        found = list(findings((*environment.CHECKS, *checks(fleet))))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found], indent=1))
        else:
            for finding in found:
                mark = finding.level.upper() if finding.remedy else finding.level
                self.stdout.write(f"{mark:<8}{finding.subject}: {finding.said}")
                if finding.remedy:
                    self.stdout.write(f"        → {finding.remedy}")
        wrong = sum(finding.level == Level.ERROR for finding in found)
        if wrong:
            raise CommandError(f"{wrong} things must be mended first.")
