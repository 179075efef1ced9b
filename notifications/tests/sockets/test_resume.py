"""Whoever comes back is told what they missed, or else the present state alone."""

import pytest

from accounts.models import User
from notifications import hub
from notifications.models import Event, Stream
from notifications.tests.sockets.client import USER, Socket, aside, eventually, subscribed, tell

pytestmark = pytest.mark.django_db(transaction=True)


async def test_whoever_comes_back_is_told_what_they_missed(user: User, user_token: str, own_hub: hub.Hub) -> None:
    await aside(tell)(f"user:{user.pk}", *"abcde")
    socket = Socket(f"{USER}?after=2", user_token)
    hello = await socket.open()
    assert (hello["seq"], hello["resumed"]) == (5, True)
    assert [await socket.next() for _ in range(3)] == [{"type": t, "seq": n} for n, t in enumerate("cde", 3)]
    await subscribed(own_hub)
    await aside(tell)(f"user:{user.pk}", "f")
    assert await socket.next() == {"type": "f", "seq": 6}
    await socket.nothing_else()
    await socket.leave()


async def test_what_nobody_acknowledged_is_sent_again(user: User, user_token: str, own_hub: hub.Hub) -> None:
    await aside(tell)(f"user:{user.pk}", *"abcde")
    first = Socket(USER, user_token)
    await first.open()
    await first.send(type="ack", seq=3)
    await eventually(aside(lambda: Stream.objects.get(recipient=f"user:{user.pk}").acked_seq), 3)
    await first.leave()
    again = Socket(f"{USER}?after=acked", user_token)
    hello = await again.open()
    assert (hello["seq"], hello["resumed"]) == (5, True)
    assert [(await again.next())["seq"] for _ in range(2)] == [4, 5]
    await again.nothing_else()
    await again.leave()


async def test_who_missed_nothing_is_told_nothing(user: User, user_token: str) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(f"{USER}?after=3", user_token)
    assert (await socket.open())["resumed"] is True
    await socket.nothing_else()
    await socket.leave()


@pytest.mark.parametrize("after", ["", "4", "-1", "x", "1.5", "9" * 400, "²"])
async def test_who_can_not_be_resumed_starts_from_the_present_state(user: User, user_token: str, after: str) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(f"{USER}?after={after}", user_token)
    hello = await socket.open()
    assert (hello["seq"], hello["resumed"]) == (3, False)
    await socket.nothing_else()
    await socket.leave()


async def test_nor_can_who_missed_events_that_are_gone(user: User, user_token: str) -> None:
    await aside(tell)(f"user:{user.pk}", *"abcde")
    await aside(Event.objects.filter(seq=2).delete)()
    for after, resumed in ((1, False), (2, True)):
        socket = Socket(f"{USER}?after={after}", user_token)
        assert (await socket.open())["resumed"] is resumed
        await socket.leave()


async def test_nor_who_missed_too_many(user: User, user_token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.selectors.REPLAY_MAX", 3)
    await aside(tell)(f"user:{user.pk}", *"abcde")
    for after, resumed in ((1, False), (2, True)):
        socket = Socket(f"{USER}?after={after}", user_token)
        assert (await socket.open())["resumed"] is resumed
        await socket.leave()
