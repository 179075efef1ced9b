"""The authentication backend: every password goes through `accounts.password_check`."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.password_check import check_password
from api.addresses import address_of


class PasswordBackend(AuthenticationBackend):
    """Checks e-mail address and password within the limits. allauth looks for a backend of this type."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Return the account, or None. Raises `TooManyAttempts`, `HashingBusy`."""
        email, password = credentials.get("email") or credentials.get("username"), credentials.get("password")
        if not email or not password:
            return None
        address = address_of(request) if request is not None and "REMOTE_ADDR" in request.META else ""
        return check_password(email=email, password=password, address=address)
