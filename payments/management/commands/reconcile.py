"""`manage.py reconcile`: compare our books with the provider's."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from payments.configuration import enabled
from payments.provider.reconcile import reconcile


class Command(BaseCommand):
    help = "Compare the books with the provider's, repair what was missed, and end with 1 on open differences."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="how far to look back (default: to where the last one ended)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not enabled():
            raise CommandError("No payment provider is configured.")
        now, days = clock.now(), options["days"]
        run = reconcile(None if days is None else now - timedelta(days=days), now=now)
        for line in run.repaired:
            self.stdout.write(f"repaired   {line}")
        for line in run.differences:
            self.stdout.write(f"different  {line}")
        self.stdout.write(f"{run.looked_at} looked at, {len(run.repaired)} repaired, {len(run.differences)} differ.")
        if run.differences:
            raise CommandError("Our books and the provider's differ.")
