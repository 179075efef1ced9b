"""`manage.py break_glass EMAIL --reason TEXT`: a way in for a superuser when every second factor is lost."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.emergency_codes import LIFE, make_emergency_code
from accounts.models import User
from backoffice.models import REASON_MAX_CHARS
from core import clock
from core.errors import ServiceError


class Command(BaseCommand):
    help = "Print a code that replaces the second factor of a superuser once. All superusers are told by mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="of the superuser, who signs in with their password and this code")
        parser.add_argument("--reason", required=True, help="kept with the staff action; say who asked for it")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if not reason or len(reason) > REASON_MAX_CHARS:
            raise CommandError(f"Give a reason of at most {REASON_MAX_CHARS} characters.")
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("There is no such account.")
        try:
            code = make_emergency_code(user, reason=reason, now=clock.now())
        except ServiceError as error:
            raise CommandError(str(error.detail)) from None
        minutes = int(LIFE.total_seconds() // 60)
        self.stdout.write(f"{code}\nIt replaces the second factor once, within {minutes} minutes. Superusers are told.")
