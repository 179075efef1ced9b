"""`manage.py seed`: create a region, the kinds of cheer, the roles of staff, and in development the demo accounts."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from accounts.demo import PASSWORD
from ops import seed as demo
from ops.staff_roles import seed_roles


class Command(BaseCommand):
    help = "Seed New York City, request types and roles of staff; in development also demo accounts. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-accounts", action="store_true", help="leave the demo accounts out")
        parser.add_argument(
            "--past", action="store_true", help="with six weeks of made-up demand, which the forecast learns from"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        demo.seed_region()
        demo.seed_request_types()
        seed_roles()
        if options["no_accounts"] or not settings.DEMO_ACCOUNTS:  # their password is public
            return
        demo.seed_accounts()
        if options["past"]:
            demo.seed_past()
        self.stdout.write(
            f"Demo sign-ins, all with the password {PASSWORD}:\n"
            f"  users     {demo.USERS[0]} … {demo.USERS[-1]}\n"
            f"  partners  {demo.PARTNERS[0]} … {demo.PARTNERS[-1]}\n"
            f"  staff     {demo.STAFF}"
        )
