"""Another server takes over the database, and may lack the newest events: their numbers are given again.

Nobody drops an event that has a number seen before, or is told one of them as if it followed what is lost.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from core import sql
from notifications import hub, selectors, services
from notifications.models import Event, Stream
from notifications.tests.sockets.client import USER, Socket, aside, eventually, subscribed, tell

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND = 1_795_735_850_123_456, 1_795_735_850_123_457
TakeOver = Callable[..., None]


@pytest.fixture
def another_server(monkeypatch: pytest.MonkeyPatch) -> TakeOver:
    """Lets another server take over, which has only the first `keeping` events of a recipient."""

    def serve(epoch: int) -> None:
        monkeypatch.setitem(sql.EPOCHS, connection.vendor, str(epoch))
        sql._counting.cache_clear()

    def take_over(recipient: str, *, keeping: int) -> None:
        serve(SECOND)
        Event.objects.filter(recipient=recipient, seq__gt=keeping).delete()
        if keeping:
            Stream.objects.filter(recipient=recipient).update(last_seq=keeping, acked_seq=0)
        else:
            Stream.objects.filter(recipient=recipient).delete()

    monkeypatch.setattr(sql, "_counting", sql._counting.__wrapped__)  # without the memory of other tests
    monkeypatch.setattr(sql._counting, "cache_clear", lambda: None, raising=False)
    serve(FIRST)
    return take_over


async def at_five(user: User, token: str, own_hub: hub.Hub) -> Socket:
    """A socket that has been sent five events."""
    await aside(tell)(f"user:{user.pk}", *"abcde")
    socket = Socket(USER, token)
    assert ((await socket.open())["seq"], socket.epoch) == (5, str(FIRST))
    await subscribed(own_hub)
    return socket


async def test_an_event_whose_number_was_given_before_is_not_dropped(
    user: User, user_token: str, own_hub: hub.Hub, another_server: TakeOver
) -> None:
    socket = await at_five(user, user_token, own_hub)
    await aside(another_server)(f"user:{user.pk}", keeping=3)
    await aside(tell)(f"user:{user.pk}", "x")
    hello = await socket.next()
    assert (hello["type"], hello["seq"], hello["resumed"], socket.epoch) == ("hello", 4, False, str(SECOND))
    await aside(tell)(f"user:{user.pk}", "y")
    assert await socket.next() == {"type": "y", "seq": 5}
    await socket.nothing_else()
    await socket.leave()


async def test_an_event_that_follows_a_lost_number_by_chance_is_not_taken_for_the_next(
    user: User, user_token: str, own_hub: hub.Hub, another_server: TakeOver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 3600.0)
    socket = await at_five(user, user_token, own_hub)
    await aside(another_server)(f"user:{user.pk}", keeping=3)
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda *_, **__: None)
        await aside(tell)(f"user:{user.pk}", "x", "y")
    await aside(tell)(f"user:{user.pk}", "z")  # has the number 6
    hello = await socket.next()
    assert (hello["type"], hello["seq"], hello["resumed"]) == ("hello", 6, False)
    await socket.nothing_else()
    await socket.leave()


@pytest.mark.parametrize("keeping", [3, 0])
async def test_who_is_told_nothing_new_gets_the_state_that_is_left(
    user: User,
    user_token: str,
    own_hub: hub.Hub,
    another_server: TakeOver,
    monkeypatch: pytest.MonkeyPatch,
    keeping: int,
) -> None:
    """The sweep tells that another server has taken over."""
    socket = await at_five(user, user_token, own_hub)
    await aside(services.publish_again)(timezone.now())
    await aside(another_server)(f"user:{user.pk}", keeping=keeping)
    await aside(services.publish_again)(timezone.now())
    hello = await socket.next()
    assert (hello["type"], hello["seq"], hello["resumed"]) == ("hello", keeping, False)
    await socket.nothing_else()
    await socket.leave()


async def test_after_a_failover_that_lost_nothing_events_go_on(
    user: User, user_token: str, own_hub: hub.Hub, another_server: TakeOver
) -> None:
    socket = await at_five(user, user_token, own_hub)
    await aside(another_server)(f"user:{user.pk}", keeping=5)
    await aside(services.publish_again)(timezone.now())
    await aside(tell)(f"user:{user.pk}", "x")
    assert (await socket.next(), socket.epoch) == ({"type": "x", "seq": 6}, str(SECOND))
    await socket.nothing_else()
    await socket.leave()


@pytest.mark.parametrize(
    ("after", "epoch", "resumed"),
    [(3, FIRST, True), (4, FIRST, False), (5, FIRST, False), (6, FIRST, False), (4, SECOND, True), (6, SECOND, True)],
)
async def test_who_comes_back_resumes_only_from_an_event_that_is_still_there(
    user: User, user_token: str, own_hub: hub.Hub, another_server: TakeOver, after: int, epoch: int, resumed: bool
) -> None:
    await aside(tell)(f"user:{user.pk}", *"abcde")
    await aside(another_server)(f"user:{user.pk}", keeping=3)
    await aside(tell)(f"user:{user.pk}", *"xyz")
    socket = Socket(f"{USER}?after={after}&epoch={epoch}", user_token)
    hello = await socket.open()
    assert (hello["seq"], hello["resumed"]) == (6, resumed)
    for seq in range(after + 1, 7) if resumed else ():
        assert await socket.next() == {"type": "xyz"[seq - 4], "seq": seq}
    await socket.nothing_else()
    await socket.leave()


async def test_what_was_lost_acknowledges_nothing(user: User, another_server: TakeOver) -> None:
    """A process holds acknowledgements back while the database is away."""
    recipient = f"user:{user.pk}"
    await aside(tell)(recipient, *"abcde")
    await aside(another_server)(recipient, keeping=3)
    await aside(tell)(recipient, *"xyz")
    await aside(services.acknowledge)({recipient: (5, FIRST)})
    acked = aside(lambda: selectors.stream_of(recipient).acked_seq)
    assert await acked() == 0
    await aside(services.acknowledge)({recipient: (5, SECOND)})
    await eventually(acked, 5)


def test_of_a_lost_and_a_new_acknowledgement_the_new_one_is_kept() -> None:
    own = hub.Hub()
    own.acknowledge("user:a", 5, FIRST)
    own.acknowledge("user:a", 4, SECOND)
    own.acknowledge("user:a", 3, SECOND)
    assert own._acks == {"user:a": (4, SECOND)}
