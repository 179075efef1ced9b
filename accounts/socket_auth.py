"""Authenticate sockets by bearer header, single-use ticket or session cookie, and refuse foreign origins."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.http.request import split_domain_port, validate_host
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header
from knox.models import AuthToken

from accounts.authentication import live_token, session_credential, token_credential
from accounts.models import User
from accounts.sessions import idle_s_of, keep_alive, user_of
from accounts.socket_tickets import redeem_socket_ticket
from api.throttles import socket_wait
from core import clock
from core.forwarded import client_address
from core.rows import Beside
from core.security_log import record
from notifications import limits
from notifications.credentials import Admitted
from notifications.events import partner_recipient, user_recipient
from notifications.models import Stream

Scope = Any  # an ASGI scope, for which asgiref and Channels have different types
App = Callable[[Scope, Any, Any], Awaitable[None]]
DEFAULT_PORTS = {"http": "80", "https": "443"}
STREAM = Beside("stream", Stream, (("user__partner", partner_recipient("")), ("user", user_recipient(""))))
HOST = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
# As browsers write it: in lower case, without a user, a path or the usual port.
ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII)


def _header(scope: Scope, name: bytes) -> str:
    """Return a header; repeated ones are joined as HTTP does."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def host_allowed(host: str) -> bool:
    """Whether this is one of ALLOWED_HOSTS, as for HTTP: a stranger's name may lead to our address."""
    return bool(HOST.fullmatch(host)) and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def origin_allowed(origin: str, scheme: str, host: str) -> bool:
    """Whether a browser page of this origin may connect: the site's own, or one of TRUSTED_ORIGINS.

    A client that sends no origin is not a browser, so a foreign page can't abuse its cookies.
    """
    if not origin or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    page = ORIGIN.fullmatch(origin)
    here = HOST.fullmatch(host)
    if page is None or here is None or page["scheme"] != scheme:
        return False
    default = DEFAULT_PORTS[scheme]
    return (page["host"], page["port"] or default) == (here["host"].lower(), here["port"] or default)


def scheme_of(scope: Scope) -> str:
    """Return "https" or "http", as Django determines it: by the proxy's header if there is a proxy."""
    if settings.SECURE_PROXY_SSL_HEADER:
        variable, secure = settings.SECURE_PROXY_SSL_HEADER
        name = variable.removeprefix("HTTP_").replace("_", "-").lower().encode()
        if said := _header(scope, name):
            return "https" if said.split(",", 1)[0].strip() == secure else "http"
    return "https" if scope.get("scheme") in ("wss", "https") else "http"


class SameOrigin:
    """Refuses the handshake of cross-origin browser connections, of those for another host, and of those without TLS.

    Connections without TLS are refused where calls over HTTP are redirected to it.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        host, scheme = _header(scope, b"host"), scheme_of(scope)
        may_come = scheme == "https" or not settings.SECURE_SSL_REDIRECT
        if may_come and host_allowed(host) and origin_allowed(_header(scope, b"origin"), scheme, host):
            await self.app(scope, receive, send)
        else:
            record("socket", "refused", account="", address=address_of(scope), code="origin")
            await WebsocketDenier()(scope, receive, send)


class SocketAuth:
    """Adds a function to the scope that checks a handshake: `admit`, which returns an `Admitted`.

    The socket calls it in the same thread job in which it reads its first state.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        await self.app({**scope, "admit": lambda: admit(scope)}, receive, send)


def admit(scope: Scope) -> Admitted:
    """Return the account of a handshake.

    A flood of one address ends in this process before any look-up; all processes together count once the account is
    known, so that Valkey is asked a single time.
    """
    address = address_of(scope)
    if (wait_s := limits.handshake_wait(address)) is not None:
        return Admitted(None, "", language_of(scope, None), wait_s)
    user, credential, stream = identify(scope)
    if user is None and _shows_credentials(scope):
        record("socket", "refused", account="", address=address, code="4401")
    wait_s = socket_wait(address=address, account=str(user.pk) if user is not None else "")
    return Admitted(user, credential, language_of(scope, user), wait_s, stream)


def _shows_credentials(scope: Scope) -> bool:
    ticket = b"ticket=" in scope.get("query_string", b"")
    return ticket or bool(_header(scope, b"authorization")) or settings.SESSION_COOKIE_NAME in _header(scope, b"cookie")


def language_of(scope: Scope, user: User | None) -> str:
    """Choose the language as over HTTP: for browsers the account's own, then Accept-Language, then the default."""
    if user is not None and user.language and not _header(scope, b"authorization"):
        return user.language
    for asked, _ in parse_accept_lang_header(_header(scope, b"accept-language")):
        with suppress(LookupError):
            return get_supported_language_variant(asked)
    return settings.LANGUAGE_CODE


def address_of(scope: Scope) -> str:
    """Return the client's address, behind NUM_PROXIES proxies."""
    peer = str((scope.get("client") or [""])[0])
    return client_address(peer, _header(scope, b"x-forwarded-for"), settings.REST_FRAMEWORK["NUM_PROXIES"])


def identify(scope: Scope) -> tuple[User | None, str, Stream | None]:
    """Return the account behind a handshake, the name of its credential, and its stream if that was read with it.

    The account is None if the client is not signed in.
    """
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        found = live_token(token.strip(), clock.now(), STREAM)
        return (found.user, token_credential(found.digest), _stream_of(found)) if found else (None, "", None)
    ticket = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket")
    if ticket:
        return *redeem_socket_ticket(ticket[0], now=clock.now()), None
    return *_session_user(_header(scope, b"cookie")), None


def _stream_of(token: AuthToken) -> Stream:
    """Return the stream of a token's account, which is at 0 before its first event."""
    partner = getattr(token.user, "partner", None)
    recipient = user_recipient(token.user.pk) if partner is None else partner_recipient(partner.pk)
    return STREAM.of(token) or Stream(recipient=recipient)


def _session_user(cookies: str) -> tuple[User | None, str]:
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except Exception:  # CookieError, or another error that a hostile header provokes
        morsel = None
    if morsel is None or not morsel.value.isalnum():  # PostgreSQL answers a NUL with an error
        return None, ""
    session = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    user = user_of(session)
    if user is None:
        return None, ""
    keep_alive(session, idle_s=idle_s_of(user))
    if session.modified:
        with suppress(UpdateError):  # signed out at this moment
            session.save()
    return User.objects.select_related("partner__region").get(pk=user.pk), session_credential(morsel.value)
