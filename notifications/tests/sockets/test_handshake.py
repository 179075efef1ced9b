"""Who may connect: with which credential, in which role, from which origin and address, and how often."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils import timezone

from accounts.models import Partner, User
from accounts.socket_auth import address_of, admit
from accounts.socket_tickets import issue_socket_ticket
from core import valkey
from notifications.tests.sockets.client import HOST, PARTNER, STAFF, USER, WAIT_S, Socket, aside, session_of
from regions.models import Region
from tests.cast import make_clerk, token_of

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- who may connect


async def test_with_a_token(user_token: str) -> None:
    socket = Socket(USER, user_token)
    assert await socket.open() == {"type": "hello", "seq": 0, "resumed": False, "request": None, "ride": None}
    await socket.leave()


async def test_with_a_ticket_once(user: User) -> None:
    ticket, _ = await aside(issue_socket_ticket)(user, now=timezone.now())
    socket = Socket(f"{USER}?ticket={ticket}")
    await socket.open()
    assert await Socket(f"{USER}?ticket={ticket}").refused() == 4401
    await socket.leave()


async def test_with_a_session(user: User) -> None:
    cookie = await aside(session_of)(user)
    socket = Socket(USER, cookie=f"theme=dark; {cookie}", origin=f"http://{HOST}")
    await socket.open()
    await socket.leave()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Bearer"},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"cookie": "sessionid=nonsense"},
        {"cookie": 'sessionid="; =; \x01'},
        {"cookie": "sessionid=" + "x" * 5000},
    ],
)
async def test_with_nothing_that_counts(nyc: Region, headers: dict[str, str]) -> None:
    assert await Socket(USER, **headers).refused() == 4401


@pytest.mark.parametrize("query", ["ticket=", "ticket=nonsense", "ticket=%ff%00", "ticket=a&ticket=b", "%"])
async def test_with_a_ticket_that_is_none(nyc: Region, query: str) -> None:
    assert await Socket(f"{USER}?{query}").refused() == 4401


async def test_a_deactivated_account(user: User, user_token: str) -> None:
    cookie = await aside(session_of)(user)
    ticket, _ = await aside(issue_socket_ticket)(user, now=timezone.now())
    await aside(User.objects.filter(pk=user.pk).update)(is_active=False)
    assert await Socket(USER, user_token).refused() == 4401
    assert await Socket(USER, cookie=cookie).refused() == 4401
    assert await Socket(f"{USER}?ticket={ticket}").refused() == 4401


@pytest.mark.parametrize("path", [PARTNER, USER, STAFF])
@pytest.mark.parametrize("role", ["user", "partner", "staff"])
async def test_each_role_has_its_own(user: User, partner: Partner, staff: User, path: str, role: str) -> None:
    accounts = {"user": user, "partner": partner.user, "staff": staff}
    socket = Socket(path, await aside(token_of)(accounts[role]))
    if path.startswith(f"/{role}"):
        await socket.open()
        await socket.leave()
    else:
        assert await socket.refused() == 4403


async def test_staff_need_the_right_and_a_second_factor(staff: User) -> None:
    clerk = await aside(make_clerk)("Carl", "rides.view_ride")
    assert await Socket(STAFF, await aside(token_of)(clerk)).refused() == 4403
    await aside(Authenticator.objects.filter(user=staff).delete)()
    assert await Socket(STAFF, await aside(token_of)(staff)).refused() == 4403


@pytest.mark.parametrize("path", ["/", "/notification", "/partner/notification/", "/admin/notification"])
async def test_other_paths(user_token: str, path: str) -> None:
    accepted, _ = await Socket(path, user_token).link.connect(timeout=WAIT_S)
    assert not accepted


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        f"https://{HOST}.evil.example",
        f"https://evil.example/{HOST}",
        f"http://{HOST}:8001",
        f"http://sub.{HOST}",
        "null",
        "file://",
        "nonsense",
        "http://[",
        f"http://{HOST}:nonsense",
        f"https://{HOST}",  # the server speaks http
        f"http://user@{HOST}",
        f"http://user:secret@{HOST}",
        f"http://{HOST}/",
        f"http://{HOST}:80\\@evil.example",
        f"http://{HOST}, http://evil.example",
    ],
)
async def test_cross_origin_browsers_are_refused(user: User, origin: str) -> None:
    cookie = await aside(session_of)(user)
    accepted, _ = await Socket(USER, cookie=cookie, origin=origin).link.connect(timeout=WAIT_S)
    assert not accepted


@pytest.mark.parametrize("origin", [f"http://{HOST}", f"http://{HOST}:80", "https://app.example"])
async def test_the_own_origin_and_trusted_ones_are_not(
    user_token: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CSRF_TRUSTED_ORIGINS", ["https://app.example"])
    socket = Socket(USER, user_token, origin=origin)
    await socket.open()
    await socket.leave()


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", f"user@{HOST}", f"{HOST}:x", "", "["])
async def test_a_host_that_is_not_ours_is_refused(user_token: str, host: str) -> None:
    """A page of evil.example, whose name has come to lead to our address, has this host as its own origin."""
    headers = {"host": host, "authorization": f"Bearer {user_token}"}
    for origin in ({"origin": f"http://{host}"}, {}):
        socket = Socket(USER, **headers, **origin)
        accepted, _ = await socket.link.connect(timeout=WAIT_S)
        assert not accepted


@pytest.mark.parametrize(
    ("said", "origin", "allowed"),
    [
        ("https", f"https://{HOST}", True),
        ("https", f"https://{HOST}:443", True),
        ("https", f"http://{HOST}", False),
        ("http", f"http://{HOST}", True),
        ("http", f"https://{HOST}", False),
        ("http, https", f"https://{HOST}", False),
        ("", f"http://{HOST}", True),
    ],
)
async def test_behind_a_proxy_the_scheme_is_the_proxys(
    user_token: str, monkeypatch: pytest.MonkeyPatch, said: str, origin: str, allowed: bool
) -> None:
    monkeypatch.setattr(settings, "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"))
    proxy = {"x-forwarded-proto": said} if said else {}
    accepted, _ = await (socket := Socket(USER, user_token, origin=origin, **proxy)).link.connect(timeout=WAIT_S)
    assert accepted is allowed
    if accepted:
        await socket.leave()


@pytest.mark.parametrize(("said", "allowed"), [("https", True), ("http", False), ("", False)])
async def test_without_tls_no_credential_is_looked_at(
    user_token: str, monkeypatch: pytest.MonkeyPatch, said: str, allowed: bool
) -> None:
    monkeypatch.setattr(settings, "SECURE_SSL_REDIRECT", True)
    monkeypatch.setattr(settings, "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"))
    proxy = {"x-forwarded-proto": said} if said else {}
    accepted, _ = await (socket := Socket(USER, user_token, **proxy)).link.connect(timeout=WAIT_S)
    assert accepted is allowed
    if accepted:
        await socket.leave()


# ---------------------------------------------------------------- how often, and from where


@pytest.mark.parametrize(("scope", "too_many"), [("socket", 3), ("socket_address", 4)])
async def test_who_comes_too_often_is_asked_to_come_later(
    user: User, user_token: str, monkeypatch: pytest.MonkeyPatch, scope: str, too_many: int
) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], scope: f"{too_many - 1}/day"}
    monkeypatch.setitem(settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES", rates)
    for _ in range(too_many - 1):
        socket = Socket(USER, user_token)
        await socket.open()
        await socket.leave()
    assert await Socket(USER, user_token).refused() == 1013
    assert await Socket(USER, "nonsense").refused() == (1013 if scope == "socket_address" else 4401)


def test_a_flood_of_handshakes_from_one_address_is_looked_up_no_more(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """Guessing tokens costs the database nothing then; also while Valkey, which counts for all processes, is away."""

    def away() -> Any:
        raise valkey.Unreachable("away")

    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "socket_address": "3/day"}
    monkeypatch.setitem(settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES", rates)
    monkeypatch.setattr(valkey, "client", away)

    def tried(token: str) -> float | None:
        scope = {"headers": [(b"authorization", f"Bearer {token}".encode())], "client": ("192.0.2.1", 1)}
        return admit(scope).wait_s

    assert [tried(f"guess{n}") for n in range(3)] == [None] * 3
    with django_assert_num_queries(0):
        assert (tried("guess") or 0) > 0


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.7", "192.0.2.1"),  # anybody may write that
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "198.51.100.7", "198.51.100.7"),
        (1, "", "192.0.2.1"),
        (1, "6.6.6.6|198.51.100.7", "198.51.100.7"),  # a proxy that adds a line, below the caller's own
        (2, "6.6.6.6|203.0.113.9|198.51.100.7", "203.0.113.9"),
    ],
)
async def test_whose_address_counts(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: str, address: str
) -> None:
    monkeypatch.setitem(settings.REST_FRAMEWORK, "NUM_PROXIES", proxies)
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded.split("|")] if forwarded else []
    assert address_of({"headers": headers, "client": ["192.0.2.1", 5000]}) == address
