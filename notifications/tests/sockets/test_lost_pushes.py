"""Pushes that are lost, late or doubled: every event arrives all the same, once and in its place."""

import asyncio
import json
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, transaction
from django.utils import timezone

from accounts.models import User
from core import valkey
from notifications import consumers, hub, selectors
from notifications.events import push
from notifications.services import publish_again
from notifications.tests.sockets.client import USER, WAIT_S, Frame, Socket, aside, eventually, subscribed, tell
from regions.models import Region
from requests_app.consumers import UserConsumer
from tests.cast import submit

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_push_that_got_lost_is_made_up_for(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda *_, **__: None)
        await aside(tell)(f"user:{user.pk}", "a", "b")
    assert [(await socket.next())["type"] for _ in range(2)] == ["a", "b"]
    await socket.leave()


async def test_a_socket_is_not_deaf_after_the_database_went_away_while_it_caught_up(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    [connected] = own_hub.all()
    reading, gone = threading.Event(), threading.Event()

    async def state(what: str) -> bool:
        return bool(connected._behind if what == "behind" else connected._sending.locked())  # type: ignore[attr-defined]

    def read(*_: object) -> None:
        reading.set()
        assert gone.wait(WAIT_S)
        raise OperationalError("it went away")

    with monkeypatch.context() as patch:
        patch.setattr(selectors, "events_after", read)
        with monkeypatch.context() as losing:
            losing.setattr("notifications.events.push", lambda *_, **__: None)
            await aside(tell)(f"user:{user.pk}", "a")
        await sync_to_async(reading.wait, thread_sensitive=False)(WAIT_S)
        await aside(tell)(f"user:{user.pk}", "b")
        await eventually(lambda: state("behind"), True)
        gone.set()
        await eventually(lambda: state("catching up"), False)
    await aside(tell)(f"user:{user.pk}", "c")
    assert [(await socket.next())["type"] for _ in range(3)] == ["a", "b", "c"]
    await socket.leave()


async def test_a_gap_is_filled_before_what_came_after_it(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 60.0)
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda *_, **__: None)
        await aside(tell)(f"user:{user.pk}", "a", "b")
    await aside(tell)(f"user:{user.pk}", "c")
    assert [await socket.next() for _ in range(3)] == [{"type": t, "seq": n} for n, t in enumerate("abc", 1)]
    await socket.nothing_else()
    await socket.leave()


async def test_pushes_out_of_order_and_doubled(user: User, user_token: str, own_hub: hub.Hub) -> None:
    """Two processes may publish in another order than they committed."""
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    recipient = f"user:{user.pk}"
    await aside(tell)(recipient, *"abc")
    frames = [(recipient, n, json.dumps({"type": t, "seq": n})) for n, t in enumerate("abc", 1)]
    await sync_to_async(push)([frames[2], frames[0], frames[1], frames[2], frames[0]])
    await aside(tell)(recipient, "d")
    assert [(await socket.next())["seq"] for _ in range(4)] == [1, 2, 3, 4]
    await socket.nothing_else()
    await socket.leave()


async def test_events_that_come_while_the_state_is_read_follow_it(
    user: User, user_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed between the number and the snapshot: told by the snapshot, and then as an event."""
    snapshot = UserConsumer.snapshot

    def meanwhile(self: UserConsumer, *, account_is_new: bool) -> Frame:
        submit(user)
        return snapshot(self, account_is_new=account_is_new)

    monkeypatch.setattr(UserConsumer, "snapshot", meanwhile)
    socket = Socket(USER, user_token)
    hello = await socket.open()
    assert (hello["seq"], hello["request"]["status"]) == (0, "pending")
    event = await socket.next()
    assert (event["seq"], event["type"], event["request"]) == (1, "request.updated", hello["request"])
    await socket.leave()


async def test_a_push_that_comes_while_the_state_is_read_is_not_missed(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new socket is not at the hub yet, so the hub could not deliver it."""
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 3600.0)
    before = Socket(USER, user_token)
    await before.open()
    await subscribed(own_hub)
    snapshot, note, passed = UserConsumer.snapshot, own_hub._note_pushed, threading.Event()

    def noted(recipient: str, seq: int) -> None:
        note(recipient, seq)
        passed.set()

    def meanwhile(self: UserConsumer, *, account_is_new: bool) -> Frame:
        state = snapshot(self, account_is_new=account_is_new)
        submit(user)
        assert passed.wait(WAIT_S)
        return state

    monkeypatch.setattr(own_hub, "_note_pushed", noted)
    monkeypatch.setattr(UserConsumer, "snapshot", meanwhile)
    socket = Socket(USER, user_token)
    hello = await socket.open()
    assert (hello["seq"], hello["request"]) == (0, None)
    event = await socket.next()
    assert (event["seq"], event["request"]["status"]) == (1, "pending")
    await socket.leave()
    await before.leave()


async def test_nothing_of_a_transaction_that_was_rolled_back(user: User, user_token: str, own_hub: hub.Hub) -> None:
    def undone() -> None:
        with transaction.atomic():
            tell(f"user:{user.pk}", "lost")
            transaction.set_rollback(True)

    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    await aside(undone)()
    await aside(tell)(f"user:{user.pk}", "kept")
    assert await socket.next() == {"type": "kept", "seq": 1}
    await socket.leave()


async def test_many_events_at_once(user: User, user_token: str, own_hub: hub.Hub) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    writes = [aside(tell)(f"user:{user.pk}", *["e"] * 10) for _ in range(20)]
    await asyncio.gather(*writes)
    assert [(await socket.next())["seq"] for _ in range(200)] == list(range(1, 201))
    await socket.nothing_else()
    await socket.leave()


async def test_who_died_before_pushing_is_made_up_for_by_the_sweep(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 60.0)  # not by the socket's own comparison
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda *_, **__: None)
        await aside(tell)(f"user:{user.pk}", "a", "b")
    await socket.nothing_else()
    for _ in range(2):  # twice is as good as once
        await aside(publish_again)(timezone.now())
    assert [(await socket.next())["seq"] for _ in range(2)] == [1, 2]
    await socket.nothing_else()
    await socket.leave()


async def test_while_the_sweep_tells_how_far_the_logs_go_nobody_reads_them(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    await aside(publish_again)(timezone.now())
    await eventually(sync_to_async(lambda: own_hub._heads_at > 0), True)
    await eventually(sync_to_async(lambda: own_hub._compared_at > 0), True)  # once, whoever tells
    monkeypatch.setattr("notifications.selectors.last_seqs", read.append)
    await aside(tell)(f"user:{user.pk}", "a")
    assert (await socket.next())["seq"] == 1
    await asyncio.sleep(hub.COMPARE_EVERY_S * 4)
    assert read == []
    await socket.leave()


class SlowReader(consumers.EventConsumer):
    """A socket whose server has no room until it is told that there is."""

    def __init__(self) -> None:
        self.recipient, self._live, self._behind, self._unsent = "user:slow", True, False, list[str]()
        self._sending, self.room, self.sent = asyncio.Lock(), False, list[int]()
        self._write_at_once = self._take

    def _take(self, text: str) -> bool:
        if self.room:
            self.sent.append(json.loads(text)["seq"])
        return self.room

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: Any = False) -> None:
        await eventually(sync_to_async(lambda: self.room), True)
        self.sent.append(json.loads(text_data or "")["seq"])


async def test_for_a_slow_reader_the_log_keeps_what_there_is_no_room_for(nyc: Region, own_hub: hub.Hub) -> None:
    socket = SlowReader()
    socket.labels = {}
    await own_hub.add(socket)
    await subscribed(own_hub)
    await aside(tell)("user:slow", *"a" * 250)
    await eventually(sync_to_async(socket._sending.locked), True)
    assert (socket.sent, len(socket._unsent)) == ([], 0)
    socket.room = True
    await eventually(sync_to_async(lambda: socket.sent), list(range(1, 251)))
    await aside(tell)("user:slow", "b")
    await eventually(sync_to_async(lambda: socket.sent[-1]), 251)
    own_hub.remove(socket)


async def test_valkey_away_and_back(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events go on arriving from the log, and the hub subscribes again."""
    monkeypatch.setattr(hub, "RECONNECT_AFTER_S", 0.05)
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    await sync_to_async(valkey.client().client_kill_filter)(_type="pubsub")
    await aside(tell)(f"user:{user.pk}", "a")
    assert await socket.next() == {"type": "a", "seq": 1}
    await subscribed(own_hub)
    await aside(tell)(f"user:{user.pk}", "b")
    assert await socket.next() == {"type": "b", "seq": 2}
    await socket.leave()
