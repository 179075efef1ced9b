"""Authenticate sockets by bearer header, single-use ticket or session cookie, and refuse foreign origins."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from accounts.authentication import live_token, session_credential, token_credential
from accounts.models import User
from accounts.sessions import user_of
from accounts.socket_tickets import redeem_socket_ticket
from api.throttles import socket_wait
from notifications.hub import in_thread

Scope = Any  # an ASGI scope, for which asgiref and Channels have different types
App = Callable[[Scope, Any, Any], Awaitable[None]]
DEFAULT_PORTS = {"http": 80, "https": 443}


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def origin_allowed(origin: str, host: str) -> bool:
    """Whether a browser page of this origin may connect: the site's own, or one of TRUSTED_ORIGINS.

    A client that sends no origin is not a browser, so a foreign page can't abuse its cookies.
    """
    if not origin:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        page, here = urlsplit(origin), urlsplit(f"{urlsplit(origin).scheme}://{host}")
        default = DEFAULT_PORTS.get(page.scheme)
        return bool(default and page.hostname) and (page.hostname, page.port or default) == (
            here.hostname,
            here.port or default,
        )
    except ValueError:
        return False


class SameOrigin:
    """Refuses the handshake of cross-origin browser connections."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if origin_allowed(_header(scope, b"origin"), _header(scope, b"host")):
            await self.app(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)


class SocketAuth:
    """Identifies the account of a handshake, and adds the result to the scope.

    The keys are `user` (None if not signed in), `credential` (the socket closes when it ends), `identified_at` (the
    monotonic time of the check), `too_many` (the account or address connects too often) and `language`.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        identified_at = time.monotonic()
        user, credential, too_many = await in_thread(admit)(scope)
        found = {
            "user": user,
            "credential": credential,
            "identified_at": identified_at,
            "too_many": too_many,
            "language": language_of(scope, user),
        }
        await self.app({**scope, **found}, receive, send)


def admit(scope: Scope) -> tuple[User | None, str, bool]:
    """Return the account, its credential and whether it is throttled. The address is checked before any look-up."""
    if socket_wait(address=address_of(scope)) is not None:
        return None, "", True
    user, credential = identify(scope)
    return user, credential, user is not None and socket_wait(address="", account=str(user.pk)) is not None


def language_of(scope: Scope, user: User | None) -> str:
    """Choose the language as over HTTP: for browsers the account's own, then Accept-Language, then the default."""
    if user is not None and user.language and not _header(scope, b"authorization"):
        return user.language
    for asked, _ in parse_accept_lang_header(_header(scope, b"accept-language")):
        with suppress(LookupError):
            return get_supported_language_variant(asked)
    return settings.LANGUAGE_CODE


def address_of(scope: Scope) -> str:
    """Return the client's address as REST framework determines it, behind NUM_PROXIES proxies."""
    proxies: int = settings.REST_FRAMEWORK["NUM_PROXIES"]
    forwarded = _header(scope, b"x-forwarded-for")
    if proxies and forwarded:
        hops = forwarded.split(",")
        return hops[-min(proxies, len(hops))].strip()
    return str((scope.get("client") or [""])[0])


def identify(scope: Scope) -> tuple[User | None, str]:
    """Return the account behind a handshake, None if not signed in, and the name of its credential."""
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        found = live_token(token.strip(), timezone.now())
        return (found.user, token_credential(found.digest)) if found else (None, "")
    ticket = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket")
    if ticket:
        return redeem_socket_ticket(ticket[0], now=timezone.now())
    return _session_user(_header(scope, b"cookie"))


def _session_user(cookies: str) -> tuple[User | None, str]:
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except Exception:  # CookieError, or another error that a hostile header provokes
        morsel = None
    if morsel is None or not morsel.value.isalnum():  # PostgreSQL answers a NUL with an error
        return None, ""
    user = user_of(import_module(settings.SESSION_ENGINE).SessionStore(morsel.value))
    if user is None:
        return None, ""
    return User.objects.select_related("partner__region").get(pk=user.pk), session_credential(morsel.value)
