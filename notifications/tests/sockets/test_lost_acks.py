"""Acknowledgements that are lost on their way: nobody is told by a push what they have read on a page."""

from collections.abc import Mapping

import pytest
from django.db import OperationalError

from accounts.models import User
from notifications import hub, services
from notifications.models import Stream
from notifications.tests.sockets.client import USER, Socket, aside, eventually, tell

pytestmark = pytest.mark.django_db(transaction=True)


def acked(user: User) -> int:
    return Stream.objects.get(recipient=f"user:{user.pk}").acked_seq


async def test_an_acknowledgement_is_kept_while_the_database_is_away(
    user: User, user_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, failures = services.acknowledge, [OperationalError("away"), OperationalError("still away")]

    def away_at_first(acks: Mapping[str, tuple[int, int]]) -> None:
        if failures:
            raise failures.pop()
        store(acks)

    monkeypatch.setattr(services, "acknowledge", away_at_first)
    monkeypatch.setattr(hub, "ACKS_EVERY_S", 0.01)
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ack", seq=2)
    await eventually(aside(lambda: acked(user)), 2)
    await socket.leave()


async def test_a_client_that_resumes_after_an_event_has_read_it(user: User, user_token: str) -> None:
    """Its acknowledgement may have died with the process that it was sent to."""
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(f"{USER}?after=2", user_token)
    assert (await socket.open())["resumed"] is True
    await eventually(aside(lambda: acked(user)), 2)
    await socket.leave()


@pytest.mark.parametrize("after", ["4", "x", ""])
async def test_a_client_that_is_not_resumed_has_acknowledged_nothing(user: User, user_token: str, after: str) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(f"{USER}?after={after}", user_token)
    assert (await socket.open())["resumed"] is False
    await socket.send(type="ack", seq=1)
    await eventually(aside(lambda: acked(user)), 1)
    await socket.leave()
