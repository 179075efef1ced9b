"""`manage.py reconcile`: compare our payments with the provider's list."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from payments.configuration import enabled
from payments.provider.gateway import ProviderError
from payments.provider.reconcile import reconcile


class Command(BaseCommand):
    help = "Compare payments and refunds with the provider's list, repair what was missed, and end with 1 on the rest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=3, help="how far to look back (default 3)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not enabled():
            raise CommandError("No payment provider is configured.")
        now = clock.now()
        try:
            run = reconcile(now - timedelta(days=options["days"]), now=now)
        except ProviderError as error:
            raise CommandError(f"The provider does not answer: {error}") from None
        for line in run.repaired:
            self.stdout.write(f"repaired   {line}")
        for line in run.differences:
            self.stdout.write(f"different  {line}")
        self.stdout.write(f"{run.looked_at} looked at, {len(run.repaired)} repaired, {len(run.differences)} differ.")
        if run.differences:
            raise CommandError("Our payments and the provider's differ.")
