"""Authenticate callers: apps by bearer token, pages by session cookie with CSRF."""

import binascii
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import router
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.demo import may_enter
from accounts.models import Role, User
from accounts.second_factor import SecondFactorMissing, lacks_second_factor
from core import clock
from core.rows import Beside, read_row


def live_token(token: str, now: datetime, *beside: Beside) -> AuthToken | None:
    """Return the stored token with its account, partner, region, and what is read beside them in the same statement.

    Returns None if it is unknown or expired, or the account can't be used.
    """
    try:
        digest = hash_token(token)
    except (TypeError, ValueError, binascii.Error):
        return None
    related: tuple[str | Beside, ...] = ("user", "user__partner", "user__partner__region", *beside)
    found = read_row(AuthToken, *related, using=router.db_for_read(AuthToken), digest=digest)
    if found is None or found.expiry is None or found.expiry <= now or not may_enter(found.user):
        return None
    if found.user.role == Role.STAFF and found.created + timedelta(seconds=settings.STAFF_TOKEN_TTL_S) <= now:
        return None
    return found


def token_credential(digest: str) -> str:
    """Return the credential name of a token."""
    return f"token:{digest[:32]}"


def session_credential(session_key: str) -> str:
    """Return the credential name of a session: long enough to find the session, too short to use it."""
    return f"session:{session_key[:16]}"


def credential_of(request: Request) -> str:
    """Return the credential name of an authenticated call's token or session."""
    if isinstance(request.auth, AuthToken):
        return token_credential(request.auth.digest)
    key = request._request.session.session_key
    return session_credential(key) if key else ""


def caller(request: Request) -> User:
    """Return the account of an authenticated call. Permission classes reject anonymous callers first."""
    if not isinstance(request.user, User):
        raise exceptions.NotAuthenticated
    return request.user


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`. One indexed read; the token is found by its hash."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        found = live_token(token.decode("ascii", "replace"), clock.now())
        if found is None:
            raise exceptions.AuthenticationFailed("Invalid or expired token.")
        if lacks_second_factor(found.user):
            raise exceptions.PermissionDenied(SecondFactorMissing.default_detail, SecondFactorMissing.default_code)
        return found.user, found


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie, with CSRF checked on every write."""


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
