"""Sessions of browsers: their account, the limits of their age, and changes of the secret key."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend, middleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.demo import may_enter
from accounts.models import Role, User

BEGAN_AT, SEEN_AT = "began_at", "seen_at"  # in seconds since the epoch
SEEN_EVERY_S = 600


def user_of(session: SessionBase) -> User | None:
    """Return the account of a session; None if it is signed out, or its account, password or time has changed or ended.

    Unlike Django's `get_user` it writes nothing: under a new SECRET_KEY that would give the session a new key, which a
    socket can't hand to the browser, and which signs out pages that load at the same moment.
    """
    backend = session.get(BACKEND_SESSION_KEY)
    if SESSION_KEY not in session or backend not in settings.AUTHENTICATION_BACKENDS or _time_left_s(session) <= 0:
        return None
    try:
        user = load_backend(backend).get_user(User._meta.pk.to_python(session[SESSION_KEY]))
    except ValidationError:
        return None
    if not isinstance(user, User) or not may_enter(user):
        return None
    return user if matches(user, session.get(HASH_SESSION_KEY)) else None


def matches(user: User, session_hash: Any) -> bool:
    """Return whether a session began with the account's password of now, under this SECRET_KEY or a fallback."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(str(session_hash), wanted) for wanted in hashes)


def user_of_request(request: HttpRequest) -> User | AnonymousUser:
    """Return the account of a page's session. A session that has ended is deleted; an old hash is renewed in place."""
    session = request.session
    user = user_of(session)
    if user is None:
        if SESSION_KEY in session:
            session.flush()
        return AnonymousUser()
    current = user.get_session_auth_hash()
    if not constant_time_compare(str(session.get(HASH_SESSION_KEY)), current):
        session[HASH_SESSION_KEY] = current
    return user


def begin_anew(*, request: HttpRequest, **_: object) -> None:
    """Count a session's age from this sign-in on, also if the browser was signed in before. A signal's receiver."""
    for mark in (BEGAN_AT, SEEN_AT):
        request.session.pop(mark, None)


def idle_s_of(user: object) -> int:
    """Return how long a session of this account lives without being used, in seconds."""
    idle_s: int = settings.STAFF_IDLE_S if getattr(user, "role", "") == Role.STAFF else settings.SESSION_IDLE_S
    return idle_s


def keep_alive(session: SessionBase, *, idle_s: int) -> None:
    """Prolong a session that is in use by its idle time, up to its greatest age. It is not written at each call."""
    now = int(time.time())
    if now - session.get(SEEN_AT, 0) < min(SEEN_EVERY_S, idle_s // 30):
        return
    session[BEGAN_AT] = session.get(BEGAN_AT, now)
    session[SEEN_AT] = now
    # Everything that looks for live sessions looks at this time only.
    session.set_expiry(max(1, min(idle_s, _time_left_s(session))))


def _time_left_s(session: SessionBase) -> int:
    """Return the seconds until the session reaches its greatest age, however much it is used."""
    now = int(time.time())
    return int(session.get(BEGAN_AT, now)) + settings.SESSION_COOKIE_AGE - now


def made_by_page(request: HttpRequest) -> None:
    """Let a call that a page makes without anybody there not count as a use of the session."""
    request.made_by_page = True  # type: ignore[attr-defined]


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Gives each request its account, looked up when it is first needed, and prolongs the session of its answer."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(lambda: user_of_request(request))  # type: ignore[assignment]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        session = request.session
        if getattr(request, "made_by_page", False):
            return response
        if session.accessed and SESSION_KEY in session:  # reading it otherwise would make every answer vary by cookie
            keep_alive(session, idle_s=idle_s_of(request.user))
        return response
