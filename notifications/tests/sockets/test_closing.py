"""Sockets are closed from elsewhere: by a newer one, at signing out, and where an account has too many."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import User
from accounts.sign_out import log_out
from notifications import hub
from notifications.tests.sockets.client import USER, Socket, aside, eventually, session_of, subscribed
from tests.cast import client_of, token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_newer_connection_of_the_same_device_replaces_the_older(
    user_token: str, other_user: User, own_hub: hub.Hub
) -> None:
    old, other_device = Socket(f"{USER}?device=phone", user_token), Socket(f"{USER}?device=laptop", user_token)
    nameless, stranger = Socket(USER, user_token), Socket(f"{USER}?device=phone", await aside(token_of)(other_user))
    for socket in (old, other_device, nameless, stranger):
        await socket.open()
    await subscribed(own_hub)
    new = Socket(f"{USER}?device=phone", user_token)
    await new.open()
    assert await old.closed() == 4409
    for socket in (new, other_device, nameless, stranger):
        await socket.nothing_else()
        await socket.leave()


async def test_signing_out_closes_the_sockets_of_that_token_and_no_other(user: User, own_hub: hub.Hub) -> None:
    first, second = [await aside(AuthToken.objects.create)(user) for _ in range(2)]
    out, kept = Socket(USER, first[1]), Socket(USER, second[1])
    for socket in (out, kept):
        await socket.open()
    await subscribed(own_hub)
    await aside(log_out)(first[0])
    assert await out.closed() == 4401
    await kept.nothing_else()
    assert await Socket(USER, first[1]).refused() == 4401
    await kept.leave()


async def test_over_http_as_well(user: User, own_hub: hub.Hub) -> None:
    client = await aside(client_of)(user)
    token = client._credentials["HTTP_AUTHORIZATION"].partition(" ")[2]
    socket = Socket(USER, token)
    await socket.open()
    await subscribed(own_hub)
    await aside(client.post)("/logout")
    assert await socket.closed() == 4401


async def test_signing_out_of_a_session_too(user: User, own_hub: hub.Hub) -> None:
    client = APIClient()
    await aside(client.force_login)(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    out, kept = Socket(USER, cookie=cookie), Socket(USER, cookie=await aside(session_of)(user))
    for socket in (out, kept):
        await socket.open()
    await subscribed(own_hub)
    await aside(client.post)("/logout")
    assert await out.closed() == 4401
    await kept.nothing_else()
    await kept.leave()


async def test_signing_out_closes_the_sockets_that_a_ticket_has_opened(user: User, own_hub: hub.Hub) -> None:
    phone, laptop = [await aside(client_of)(user) for _ in range(2)]
    tickets = [(await aside(client.post)("/socketTicket")).json()["ticket"] for client in (phone, laptop)]
    out, kept = [Socket(f"{USER}?ticket={ticket}") for ticket in tickets]
    for socket in (out, kept):
        await socket.open()
    await subscribed(own_hub)
    await aside(phone.post)("/logout")
    assert await out.closed() == 4401
    await kept.nothing_else()
    await kept.leave()


async def test_signing_out_while_the_handshake_is_under_way(
    user: User, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order to close comes after the credential was looked at, and before the hub knows the socket."""
    token, text = await aside(AuthToken.objects.create)(user)
    other = Socket(USER, await aside(token_of)(user))
    await other.open()
    await subscribed(own_hub)
    add = own_hub.add

    async def add_late(socket: Any, *, since: float) -> None:
        await aside(log_out)(token)
        await eventually(sync_to_async(lambda: len(own_hub._orders)), 1)
        await add(socket, since=since)

    with monkeypatch.context() as patch:
        patch.setattr(own_hub, "add", add_late)
        assert await Socket(USER, text).refused() == 4401
    later = Socket(USER, await aside(token_of)(user))  # what was ordered before is none of its concern
    await later.open()
    for socket in (other, later):
        await socket.nothing_else()
        await socket.leave()


async def test_an_account_has_so_many_sockets_and_the_oldest_makes_way(
    user_token: str, other_user: User, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SOCKETS_PER_ACCOUNT", 2)
    stranger = Socket(USER, await aside(token_of)(other_user))
    sockets = [Socket(USER, user_token) for _ in range(4)]
    for socket in (stranger, *sockets):
        await socket.open()
    assert [await socket.closed() for socket in sockets[:2]] == [4409, 4409]
    assert len(own_hub.all()) == 3
    for socket in (stranger, *sockets[2:]):
        await socket.nothing_else()
        await socket.leave()


async def test_who_has_left_is_forgotten(user_token: str, own_hub: hub.Hub) -> None:
    sockets = [Socket(USER, user_token) for _ in range(3)]
    for socket in sockets:
        await socket.open()
    assert len(own_hub.all()) == 3
    for socket in sockets:
        await socket.leave()
    assert own_hub.all() == []
    assert dict(own_hub._sockets) == {}
