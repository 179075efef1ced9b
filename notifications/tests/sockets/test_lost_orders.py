"""Sockets end with their credential, though the order to close them got lost; and there is room for so many.

None is opened without a database.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import OperationalError
from knox.models import AuthToken

from accounts import sign_out
from accounts.models import User
from accounts.sign_out import log_out
from core import valkey
from notifications import credentials, hub
from notifications.consumers import EventConsumer
from notifications.tests.sockets.client import USER, Socket, aside, session_of, subscribed
from tests.cast import token_of

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    """The monotonic clock of the hub, which a test moves."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders to close get lost, as where Valkey is away at that moment."""
    monkeypatch.setattr(sign_out, "close_sockets", lambda **order: None)
    monkeypatch.setattr(hub, "RECONNECT_AFTER_S", 0.05)
    monkeypatch.setattr(hub, "ORDERS_MISSED_S", 60.0)


async def cut_off(own: hub.Hub) -> None:
    """The subscription breaks, and comes back."""
    await sync_to_async(valkey.client().client_kill_filter)(_type="pubsub")
    await subscribed(own)


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User) -> None:
    user.set_password("another-one-of-theirs")
    user.save()


async def test_after_valkeys_return(user: User, own_hub: hub.Hub, lost: None) -> None:
    first, second = [await aside(AuthToken.objects.create)(user) for _ in range(2)]
    out, kept = Socket(USER, first[1]), Socket(USER, second[1])
    for socket in (out, kept):
        await socket.open()
    await subscribed(own_hub)
    await aside(log_out)(first[0])
    await cut_off(own_hub)
    assert await out.closed() == 4401
    await kept.nothing_else()
    await kept.leave()


@pytest.mark.parametrize(
    "end", [deactivate, change_password, lambda user: Session.objects.all().delete()], ids=["account", "hash", "row"]
)
async def test_a_session_that_has_ended(
    user: User,
    other_user: User,
    own_hub: hub.Hub,
    lost: None,
    end: Callable[[User], Any],
) -> None:
    kept = Socket(USER, await aside(token_of)(other_user))
    out = Socket(USER, cookie=await aside(session_of)(user))
    for socket in (out, kept):
        await socket.open()
    await subscribed(own_hub)
    await aside(end)(user)
    await cut_off(own_hub)
    assert await out.closed() == 4401
    await kept.nothing_else()
    await kept.leave()


async def test_without_a_database_a_socket_is_asked_to_come_later(
    user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        error = OperationalError("it failed")
        error.__cause__ = psycopg.OperationalError("connection refused")
        raise error

    monkeypatch.setattr(EventConsumer, "_present", away)
    socket = Socket(USER, user_token)
    assert await socket.refused() == 1013
    assert socket.reason == "Retry-After: 2"


async def test_a_full_process_asks_to_come_later(
    user_token: str,
    own_hub: hub.Hub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "SOCKETS_MAX", 1)
    first = Socket(USER, user_token)
    await first.open()
    second = Socket(USER, user_token)
    assert await second.refused() == 1013
    assert second.reason == "Retry-After: 30"
    await first.leave()
    again = Socket(USER, user_token)
    await again.open()
    await again.leave()


async def test_the_credentials_of_a_crowd_are_looked_at_less_often_while_orders_get_lost(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow comparison puts the next one off, and one more follows once orders arrive again."""
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 3600.0)
    looks, clock = [], Clock()
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)  # which sets the moment until when orders may have got lost

    def look(shown: object) -> set[object]:
        looks.append(clock.now)
        clock.now += 2.0
        return set()

    monkeypatch.setattr(credentials, "ended", look)
    monkeypatch.setattr(hub, "time", clock)
    own_hub._credentials_at, own_hub._orders_missed_until = clock.now, clock.now + 100
    begun = clock.now
    for second in range(300):
        clock.now = max(clock.now, begun + second)
        await own_hub._end_with_credentials(clock.now)
    assert [at - begun for at in looks] == [0, 40, 80, 120, 180, 240]
    await socket.leave()
