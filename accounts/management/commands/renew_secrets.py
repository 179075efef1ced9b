"""`manage.py renew_secrets`: encrypt everything with the SECRET_KEY of now, before its fallbacks are dropped."""

from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from accounts.recovery_codes import hash_once
from accounts.vault import renew


class Command(BaseCommand):
    help = "Encrypt second factors with the present SECRET_KEY, so that SECRET_KEY_FALLBACKS can be emptied."

    def handle(self, *args: Any, **options: Any) -> None:
        renewed, lost = 0, 0
        for factor in Authenticator.objects.order_by("pk").iterator(chunk_size=500):
            try:
                renewed += hash_once(factor) or renew(factor)
            except InvalidToken:
                lost += 1
        self.stdout.write(f"{renewed} second factors renewed.")
        if lost:
            raise CommandError(f"{lost} second factors were encrypted with a key that is not in SECRET_KEY_FALLBACKS.")
