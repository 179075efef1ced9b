"""Devices on which an account is signed in: browsers by session, apps by token."""

import re
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from knox.models import AuthToken

from accounts.authentication import session_credential
from accounts.models import User
from accounts.sign_out import end_credential, log_out
from core.errors import Missing
from core.security_log import pseudonym, record

# Patterns of user agents. A browser comes before those whose names its user agent also contains.
BROWSERS = {
    "Edge": r"Edg(e|A|iOS)?/",
    "Opera": r"OPR/",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"(Firefox|FxiOS)/",
    "Chrome": r"(Chrome|CriOS|Chromium|HeadlessChrome)/",
    "Safari": r"Safari/",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone|iPod",
    "iPad": "iPad",
    "ChromeOS": "CrOS",
    "Windows": "Windows",
    "macOS": "Macintosh",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A device on which an account is signed in. `system` and `browser` are empty if unknown."""

    kind: str  # "browser" or "app"
    key: str  # identifies it among the account's devices; not a secret
    browser: str
    system: str
    address: str
    since: datetime
    until: datetime | None
    current: bool


def devices_of(user: User, *, session_key: str | None) -> list[Device]:
    """List an account's devices, this session's first, then the newest. Also deletes ended sessions."""
    sessions = UserSession.objects.purge_and_list(user)
    devices = [_browser(session, session_key) for session in sessions]
    devices += [_app(token) for token in AuthToken.objects.filter(user=user)]
    return sorted(devices, key=lambda device: (device.current, device.since), reverse=True)


def sign_out_device(user: User, *, kind: str, key: str) -> None:
    """End one session or revoke one token, with its tickets, pushes and sockets. Raises `Missing`."""
    if kind == "browser" and key.isdecimal():
        for session in UserSession.objects.filter(user=user, pk=int(key)):
            _end(session)
            return
    if kind == "app":
        for token in AuthToken.objects.filter(user=user, token_key=key):
            log_out(token)
            return
    raise Missing


def sign_out_other_devices(user: User, *, session_key: str | None) -> int:
    """Sign out all devices except this session's. Returns their number."""
    others = [device for device in devices_of(user, session_key=session_key) if not device.current]
    for device in others:
        sign_out_device(user, kind=device.kind, key=device.key)
    return len(others)


def _end(session: UserSession) -> None:
    credential = session_credential(session.session_key)
    session.end()
    end_credential(credential)
    record("session_ended", "ok", subject=pseudonym(session.user_id))


def _browser(session: UserSession, session_key: str | None) -> Device:
    agent = session.user_agent
    return Device(
        kind="browser",
        key=str(session.pk),
        browser=_first(BROWSERS, agent),
        system=_first(SYSTEMS, agent),
        address=session.ip,
        since=session.created_at,
        until=None,
        current=session.session_key == session_key,
    )


def _app(token: AuthToken) -> Device:
    return Device("app", token.token_key, "", "", "", token.created, token.expiry, current=False)


def _first(names: dict[str, str], agent: str) -> str:
    return next((name for name, pattern in names.items() if re.search(pattern, agent)), "")
