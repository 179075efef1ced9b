"""The sockets, from the handshake to the close, against the routing application."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from threading import Barrier
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing.websocket import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connections, transaction
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import Partner, User
from accounts.services import issue_socket_ticket, log_out
from accounts.socket_auth import address_of
from notifications import consumers, hub
from notifications.consumers import BAD_FRAMES_MAX, FRAMES_MAX
from notifications.events import PUSH_CHANNEL, push, recorded
from notifications.models import Event, Stream
from notifications.services import publish_again
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.routing import websocket_application
from rides.models import Ride
from speedycheers import valkey
from tests.cast import (
    accept,
    client_of,
    end,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    report,
    start,
    submit,
    token_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

PARTNER, USER, STAFF = "/partner/notification", "/user/notification", "/staff/notification"
HOST = "cheers.test"
WAIT_S = 10.0
Frame = dict[str, Any]


@pytest.fixture(autouse=True, scope="module")
def _closed_connections() -> Iterator[None]:
    """The sockets' threads outlive a test; their connections must not outlive the database."""
    yield
    threads = len(hub.THREADS._threads)
    barrier = Barrier(threads)

    def close() -> None:
        barrier.wait(WAIT_S)
        connections.close_all()

    for done in [hub.THREADS.submit(close) for _ in range(threads)]:
        done.result()


@pytest.fixture(autouse=True)
async def own_hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[hub.Hub]:
    """A hub lives in one event loop, and each test has its own."""
    own = hub.Hub()
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 0.05)
    monkeypatch.setattr(hub, "ORDERS_MISSED_S", 0.0)  # where an order closes a socket, nothing else does
    monkeypatch.setattr(consumers, "hub", own)
    yield own
    while running := [task for task in own._tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=0.1)  # redis-py swallows a cancellation while it connects


class Socket:
    """A client's end."""

    def __init__(self, path: str, token: str = "", **headers: str) -> None:
        raw = [(b"host", HOST.encode())]
        if token:
            raw.append((b"authorization", f"Bearer {token}".encode()))
        raw += [(name.encode(), value.encode()) for name, value in headers.items()]
        self.link = WebsocketCommunicator(websocket_application, path, headers=raw)
        self.put_aside: list[Frame] = []

    async def open(self) -> Frame:
        """Connect; returns the first frame."""
        accepted, code = await self.link.connect(timeout=WAIT_S)
        assert accepted, code
        hello = await self.next()
        assert hello["type"] == "hello"
        return hello

    async def refused(self) -> int:
        """Connect to be closed at once; returns the close code."""
        accepted, code = await self.link.connect(timeout=WAIT_S)
        return await self.closed() if accepted else int(code or 0)

    async def next(self) -> Frame:
        """The next frame."""
        frame: Frame = await self.link.receive_json_from(timeout=WAIT_S)
        return frame

    async def expect(self, type: str) -> Frame:
        """The next frame of this type; others are put aside."""
        for frame in self.put_aside:
            if frame["type"] == type:
                self.put_aside.remove(frame)
                return frame
        while (frame := await self.next())["type"] != type:
            self.put_aside.append(frame)
        return frame

    async def send(self, **frame: Any) -> None:
        await self.link.send_json_to(frame)

    async def send_text(self, text: str) -> None:
        await self.link.send_to(text_data=text)

    async def nothing_else(self) -> None:
        """All that was on its way has arrived."""
        await self.send(type="ping", id="end")
        assert await self.next() == {"type": "pong", "id": "end"}

    async def closed(self) -> int:
        """Wait until the server closes; returns the close code."""
        while (message := await self.link.receive_output(WAIT_S))["type"] != "websocket.close":
            assert message["type"] == "websocket.send", message
        return int(message["code"])

    async def leave(self) -> None:
        await self.link.disconnect(timeout=WAIT_S)


def aside(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make what touches the database awaitable, on the sockets' threads."""
    wrapped: Callable[..., Any] = hub.in_thread(function)
    return wrapped


async def eventually(look: Callable[[], Any], wanted: Any) -> None:
    """Look until what is wanted is there: other processes tell nobody when."""
    async with asyncio.timeout(WAIT_S):
        while await look() != wanted:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)


async def subscribed(own: hub.Hub) -> None:
    """Wait until the hub hears what is pushed."""

    def listeners() -> int:
        return int(valkey.client().pubsub_numsub(PUSH_CHANNEL)[0][1])

    await eventually(sync_to_async(listeners), 1)


def tell(recipient: str, *types: str) -> None:
    with recorded() as outbox:
        for type in types:
            outbox.add(recipient, type, {})


def session_of(user: User) -> str:
    """The cookie of a signed-in browser."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@pytest.fixture
def user_token(user: User) -> str:
    return token_of(user)


@pytest.fixture
def partner_token(partner: Partner) -> str:
    return token_of(partner.user)


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
    ],
)
async def test_cross_origin_browsers_are_refused(user: User, origin: str) -> None:
    cookie = await aside(session_of)(user)
    accepted, _ = await Socket(USER, cookie=cookie, origin=origin).link.connect(timeout=WAIT_S)
    assert not accepted


@pytest.mark.parametrize("origin", [f"http://{HOST}", f"https://{HOST}", f"http://{HOST}:80", "https://app.example"])
async def test_the_own_origin_and_trusted_ones_are_not(
    user_token: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CSRF_TRUSTED_ORIGINS", ["https://app.example"])
    socket = Socket(USER, user_token, origin=origin)
    await socket.open()
    await socket.leave()


# ---------------------------------------------------------------- the present state


async def test_a_partner_is_told_their_offer_and_then_their_ride(
    partner: Partner, partner_token: str, offer: Offer
) -> None:
    socket = Socket(PARTNER, partner_token)
    hello = await socket.open()
    assert (hello["seq"], hello["partner"]["status"], hello["ride"]) == (1, "offered", None)
    assert [found["offerId"] for found in hello["offers"]] == [str(offer.pk)]
    await socket.leave()
    ride = await aside(accept)(offer)
    socket = Socket(PARTNER, partner_token)
    hello = await socket.open()
    assert (hello["offers"], hello["ride"]["rideId"], hello["ride"]["userName"]) == ([], str(ride.pk), "Ada")
    await socket.leave()


async def test_an_offer_out_of_time_is_not_told(
    partner_token: str, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: offer.expires_at)
    socket = Socket(PARTNER, partner_token)
    assert (await socket.open())["offers"] == []
    await socket.leave()


async def test_a_user_is_told_their_request_and_ride(user_token: str, running: Ride) -> None:
    socket = Socket(USER, user_token)
    hello = await socket.open()
    assert hello["request"]["requestId"] == str(running.request_id)
    assert hello["request"]["partner"]["name"] == "Pia"
    assert (hello["ride"]["rideId"], hello["ride"]["status"]) == (str(running.pk), "in_progress")
    await socket.leave()


async def test_staff_are_told_counts_and_their_changes(staff: User, user: User) -> None:
    socket = Socket(STAFF, await aside(token_of)(staff))
    hello = await socket.open()
    assert hello["counts"]["requests"] == {}
    await socket.expect("counts")
    await aside(submit)(user)
    assert (await socket.expect("counts"))["counts"]["requests"] == {"pending": 1}
    await socket.leave()


# ---------------------------------------------------------------- events


async def test_events_arrive_in_order_on_every_socket(user: User, user_token: str, own_hub: hub.Hub) -> None:
    phone, laptop = Socket(USER, user_token), Socket(USER, user_token)
    for socket in (phone, laptop):
        await socket.open()
    await subscribed(own_hub)
    await aside(tell)(f"user:{user.pk}", "a", "b")
    await aside(tell)(f"user:{user.pk}", "c")
    for socket in (phone, laptop):
        assert [await socket.next() for _ in range(3)] == [{"type": t, "seq": n} for n, t in enumerate("abc", 1)]
        await socket.nothing_else()
        await socket.leave()


async def test_nobody_hears_what_is_for_others(
    user_token: str, other_user: User, partner_token: str, partner: Partner, own_hub: hub.Hub
) -> None:
    sockets = [Socket(USER, user_token), Socket(PARTNER, partner_token)]
    for socket in sockets:
        await socket.open()
    await subscribed(own_hub)
    await aside(tell)(f"user:{other_user.pk}", "secret")
    await aside(tell)(f"user:{partner.user_id}", "secret")  # the same account, in another role
    for socket in sockets:
        await socket.nothing_else()
        await socket.leave()


async def test_the_whole_way_as_both_sides_see_it(
    nyc: Region, user: User, user_token: str, partner: Partner, partner_token: str, own_hub: hub.Hub
) -> None:
    mine, theirs = Socket(USER, user_token), Socket(PARTNER, partner_token)
    await mine.open()
    await theirs.open()
    await subscribed(own_hub)
    await aside(submit)(user)
    assert (await mine.next())["request"]["status"] == "pending"
    await aside(match)(nyc)
    assert (await mine.next())["request"]["status"] == "offered"
    offered = await theirs.next()
    assert offered["type"] == "offer"

    await theirs.send(type="accept", offerId=offered["offer"]["offerId"], id=1)
    answer = await theirs.expect("answer")
    assert (answer["command"], answer["id"], answer["ride"]["status"]) == ("accept", 1, "en_route")
    assert (await theirs.expect("ride.updated"))["ride"]["status"] == "en_route"
    assert (await mine.next())["request"]["partner"]["name"] == "Pia"
    assert (await mine.next())["ride"]["status"] == "en_route"

    await theirs.send(type="location", location={"lat": 40.75, "lng": -73.98})
    moved = await mine.next()
    assert moved == {
        "type": "partner.location",
        "partnerId": str(partner.pk),
        "location": {"lat": 40.75, "lng": -73.98},
    }
    await theirs.nothing_else()

    ride = await aside(Ride.objects.select_related("partner").get)()
    await aside(start)(ride)
    assert (await mine.next())["ride"]["status"] == "in_progress"
    await aside(end)(ride)
    seen = [await mine.next() for _ in range(3)]
    assert [frame["type"] for frame in seen] == ["payment.updated", "request.updated", "ride.updated"]
    assert seen[2]["ride"]["fare"] == {"amount": 1000, "currency": "usd"}
    numbers = [frame["seq"] for frame in seen]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]

    await aside(report)(partner, north(300))
    await mine.nothing_else()
    for socket in (mine, theirs):
        await socket.leave()


# ---------------------------------------------------------------- coming back


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


# ---------------------------------------------------------------- lost, late and doubled pushes


async def test_a_push_that_got_lost_is_made_up_for(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda _: None)
        await aside(tell)(f"user:{user.pk}", "a", "b")
    assert [(await socket.next())["type"] for _ in range(2)] == ["a", "b"]
    await socket.leave()


async def test_a_gap_is_filled_before_what_came_after_it(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "COMPARE_EVERY_S", 60.0)
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda _: None)
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
    from requests_app.consumers import UserConsumer

    snapshot = UserConsumer.snapshot

    def meanwhile(self: UserConsumer) -> Frame:
        submit(user)
        return snapshot(self)

    monkeypatch.setattr(UserConsumer, "snapshot", meanwhile)
    socket = Socket(USER, user_token)
    hello = await socket.open()
    assert (hello["seq"], hello["request"]["status"]) == (0, "pending")
    event = await socket.next()
    assert (event["seq"], event["type"], event["request"]) == (1, "request.updated", hello["request"])
    await socket.leave()


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
        patch.setattr("notifications.events.push", lambda _: None)
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


# ---------------------------------------------------------------- commands


async def test_ping(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ping")
    assert await socket.next() == {"type": "pong"}
    for id in ("a", 7, "x" * 64):
        await socket.send(type="ping", id=id)
        assert await socket.next() == {"type": "pong", "id": id}
    await socket.leave()


async def test_acknowledgements_are_written_down(user: User, user_token: str) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ack", seq=2)

    def acked() -> int:
        return Stream.objects.get(recipient=f"user:{user.pk}").acked_seq

    await eventually(aside(acked), 2)
    await socket.leave()


@pytest.mark.parametrize("seq", [4, -1, None, "2", 1.0, True, [1]])
async def test_of_what_was_never_sent(user: User, user_token: str, seq: Any) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ack", seq=seq, id=5)
    error = await socket.next()
    assert (error["type"], error["id"], error["errors"][0]["attr"]) == ("client_error", 5, "seq")
    await socket.nothing_else()
    await socket.leave()


async def test_decline_and_status(partner: Partner, partner_token: str, offer: Offer) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="decline", offerId=str(offer.pk), id="d")
    assert await socket.expect("answer") == {"type": "answer", "command": "decline", "id": "d"}
    assert (await aside(fresh)(offer)).status == "declined"
    await socket.send(type="status", status="offline", id="s")
    answer = await socket.expect("answer")
    assert (answer["id"], answer["partner"]["status"]) == ("s", "offline")
    assert (await aside(fresh)(partner)).status == "offline"
    await socket.leave()


async def test_a_location_is_answered_only_where_it_has_an_id(partner: Partner, partner_token: str) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="location", location={"lat": 40.75, "lng": -73.98})
    await socket.nothing_else()
    await socket.send(type="location", location={"lat": 40.76, "lng": -73.98}, id=9)
    assert await socket.next() == {"type": "answer", "command": "location", "id": 9}
    await socket.leave()


@pytest.mark.parametrize(
    ("frame", "type", "code", "attr"),
    [
        ({"type": "accept"}, "validation_error", "invalid", None),
        ({"type": "accept", "offerId": "x"}, "validation_error", "invalid", "offerId"),
        ({"type": "accept", "offerId": "019a8f5e-6f00-7000-8000-000000000001"}, "client_error", "not_found", None),
        ({"type": "decline"}, "validation_error", "required", "offerId"),
        ({"type": "status", "status": "busy"}, "validation_error", "invalid_choice", "status"),
        ({"type": "location"}, "validation_error", "required", "location"),
        ({"type": "location", "location": {"lat": 91, "lng": 0}}, "validation_error", "max_value", "location.lat"),
        ({"type": "start"}, "client_error", "unknown_type", "type"),
        ({"type": "hello"}, "client_error", "unknown_type", "type"),
        ({"type": 5}, "client_error", "required", "type"),
        ({}, "client_error", "required", "type"),
    ],
)
async def test_an_error_has_the_one_shape_and_the_id_and_the_socket_lives_on(
    partner_token: str, frame: Frame, type: str, code: str, attr: str | None
) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(**frame, id="mine")
    error = await socket.next()
    assert set(error) == {"type", "errors", "id"}
    assert (error["type"], error["id"]) == (type, "mine")
    found = error["errors"][0]
    assert set(found) == {"code", "detail", "attr"}
    assert found["code"] == code
    assert found["attr"] == attr or attr is None
    await socket.nothing_else()
    await socket.leave()


async def test_a_conflict_names_why(partner: Partner, partner_token: str, offer: Offer) -> None:
    await aside(accept)(offer)
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="accept", offerId=str(offer.pk), id=1)
    error = await socket.next()
    assert (error["id"], error["errors"][0]["code"]) == (1, "offer_taken")
    await socket.leave()


async def test_another_partners_offer(other_partner: Partner, offer: Offer) -> None:
    socket = Socket(PARTNER, await aside(token_of)(other_partner.user))
    await socket.open()
    await socket.send(type="accept", offerId=str(offer.pk), id=1)
    assert (await socket.next())["errors"][0]["code"] == "not_found"
    assert (await aside(fresh)(offer)).status == "pending"
    await socket.leave()


@pytest.mark.parametrize(
    ("asked", "sentence"), [("", "A frame needs a type."), ("de-AT", "Ein Frame braucht einen type.")]
)
async def test_a_socket_speaks_as_it_is_asked_to(user_token: str, asked: str, sentence: str) -> None:
    socket = Socket(USER, user_token, **({"accept-language": asked} if asked else {}))
    await socket.open()
    await socket.send(id=1)
    assert (await socket.next())["errors"][0]["detail"] == sentence
    await socket.leave()


async def test_users_have_no_such_commands(user_token: str, offer: Offer) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    for type in ("accept", "decline", "status", "location"):
        await socket.send(type=type, offerId=str(offer.pk))
        assert (await socket.next())["errors"][0]["code"] == "unknown_type"
    await socket.leave()


async def test_a_failure_of_ours_says_no_more(partner_token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests_app.commands.set_status", lambda *_: 1 / 0)
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="status", status="offline", id=3)
    error = await socket.next()
    assert (error["type"], error["id"], error["errors"][0]["code"]) == ("server_error", 3, "error")
    assert "division" not in str(error)
    await socket.nothing_else()
    await socket.leave()


# ---------------------------------------------------------------- frames that nobody should send

BAD_FRAMES = {
    "no JSON": "{",
    "a list": "[]",
    "a string": '"ping"',
    "NaN": '{"type": NaN}',
    "deep": "[" * 5000,
    "a lone surrogate": '{"type": "\\ud800"}',
    "a long id": json.dumps({"type": "ping", "id": "x" * 65}),
    "an id of another kind": '{"type": "ping", "id": {}}',
    "a truth for an id": '{"type": "ping", "id": true}',
    "an id with a fraction": '{"type": "ping", "id": 1.5}',
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_a_bad_frame_gets_an_error_and_the_socket_lives_on(user_token: str, name: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send_text(BAD_FRAMES[name])
    error = await socket.next()
    assert set(error) == {"type", "errors"}
    assert error["type"] == "client_error"
    await socket.nothing_else()
    await socket.leave()


async def test_a_binary_frame_too(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.link.send_to(bytes_data=b'{"type": "ping"}')
    assert (await socket.next())["errors"][0]["code"] == "invalid"
    await socket.nothing_else()
    await socket.leave()


async def test_a_flood_of_them_closes(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    for _ in range(BAD_FRAMES_MAX + 1):
        await socket.send_text("{")
    assert [(await socket.next())["type"] for _ in range(BAD_FRAMES_MAX + 1)] == ["client_error"] * (BAD_FRAMES_MAX + 1)
    assert await socket.closed() == 1008


async def test_refusals_are_no_bad_frames(partner_token: str, offer: Offer) -> None:
    await aside(accept)(offer)
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    for _ in range(BAD_FRAMES_MAX + 5):
        await socket.send(type="accept", offerId=str(offer.pk))
        assert (await socket.next())["errors"][0]["code"] == "offer_taken"
    await socket.nothing_else()
    await socket.leave()


async def test_a_flood_of_good_ones_closes_too(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    for _ in range(FRAMES_MAX + 1):
        await socket.send(type="ping")
    assert await socket.closed() == 1008


@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_frame_over_16_kib_closes(user_token: str, letter: str) -> None:
    frame = json.dumps({"type": "ping", "x": ""}, ensure_ascii=False)
    room = (settings.SOCKET_MAX_FRAME_BYTES - len(frame)) // len(letter.encode())
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send_text(frame[:-2] + letter * room + frame[-2:])
    assert await socket.next() == {"type": "pong"}
    await socket.send_text(frame[:-2] + letter * (room + 1) + frame[-2:])
    assert await socket.closed() == 1008


async def test_before_the_hello_and_after_a_refusal_nothing_is_obeyed(user: User, partner_token: str) -> None:
    socket = Socket(USER, partner_token)
    accepted, _ = await socket.link.connect(timeout=WAIT_S)
    assert accepted
    await socket.send(type="ping")
    assert await socket.closed() == 4403


# ---------------------------------------------------------------- being closed from elsewhere


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


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.7", "192.0.2.1"),  # anybody may write that
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "198.51.100.7", "198.51.100.7"),
        (1, "", "192.0.2.1"),
    ],
)
async def test_whose_address_counts(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: str, address: str
) -> None:
    monkeypatch.setitem(settings.REST_FRAMEWORK, "NUM_PROXIES", proxies)
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert address_of({"headers": headers, "client": ["192.0.2.1", 5000]}) == address


async def test_who_has_left_is_forgotten(user_token: str, own_hub: hub.Hub) -> None:
    sockets = [Socket(USER, user_token) for _ in range(3)]
    for socket in sockets:
        await socket.open()
    assert len(own_hub.all()) == 3
    for socket in sockets:
        await socket.leave()
    assert own_hub.all() == []
    assert dict(own_hub._sockets) == {}


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


async def test_a_request_of_many_users_reaches_each(nyc: Region, own_hub: hub.Hub) -> None:
    def cast() -> list[tuple[User, str]]:
        made = [make_user(f"U{n}") for n in range(5)]
        for n in range(5):
            make_partner(f"P{n}", at=north(10 * n))
        return [(one, token_of(one)) for one in made]

    people = await aside(cast)()
    sockets = [Socket(USER, token) for _, token in people]
    for socket in sockets:
        await socket.open()
    await subscribed(own_hub)
    for one, _ in people:
        await aside(submit)(one)
    await aside(match)(nyc)
    for (one, _), socket in zip(people, sockets, strict=True):
        frames = [await socket.next() for _ in range(2)]
        assert [frame["request"]["status"] for frame in frames] == ["pending", "offered"]
        assert {frame["request"]["userId"] for frame in frames} == {str(one.pk)}
        await socket.leave()
    assert await aside(CheerRequest.objects.filter(status="offered").count)() == 5
