"""Who is calling: a bearer token for apps, the session cookie with CSRF for pages."""

import binascii
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import Partner, Role, User
from core.statements import select_pairs


def live_token(token: str, now: datetime) -> AuthToken | None:
    """The stored token that this text is, if it has not expired and its account is active."""
    try:
        digest = hash_token(token)
    except (TypeError, ValueError, binascii.Error):
        return None
    for found, user in select_pairs(AuthToken, User, _owned_by_digest(), [digest]):
        if found.expiry is None or found.expiry <= now or not user.is_active:
            return None
        found.user = user
        if user.role == Role.PARTNER:
            # With what a partner's calls need, in one more read; most calls are not a partner's.
            partner = Partner.objects.select_related("region").filter(user=user).first()
            if partner is not None:
                user.partner = partner
        return found
    return None


@cache
def _owned_by_digest() -> str:
    """The condition for a token of this digest and its account."""
    tokens, users = (connection.ops.quote_name(model._meta.db_table) for model in (AuthToken, User))
    return f"{tokens}.digest = %s AND {users}.id = {tokens}.user_id"


def token_credential(digest: str) -> str:
    """The name of a token among sockets' labels."""
    return f"token:{digest[:32]}"


def session_credential(session_key: str) -> str:
    """The name of a session among sockets' labels: enough to find it, too little to use it."""
    return f"session:{session_key[:16]}"


def credential_of(request: Request) -> str:
    """The name of what an authenticated call showed: its token, or its session."""
    if isinstance(request.auth, AuthToken):
        return token_credential(request.auth.digest)
    key = request._request.session.session_key
    return session_credential(key) if key else ""


def caller(request: Request) -> User:
    """The account behind an authenticated call. Permissions have refused everybody else before."""
    if not isinstance(request.user, User):
        raise exceptions.NotAuthenticated
    return request.user


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`. One indexed read; the token is found by its hash."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        found = live_token(token.decode("ascii", "replace"), timezone.now())
        if found is None:
            raise exceptions.AuthenticationFailed("Invalid or expired token.")
        return found.user, found


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie, with CSRF checked on everything that writes."""


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
