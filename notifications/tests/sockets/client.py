"""A client's end of a socket, and what the tests do beside it."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from channels.testing.websocket import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from accounts.models import User
from core import valkey
from notifications import consumers, hub
from notifications.events import PUSH_CHANNEL, recorded
from notifications.threads import in_thread
from speedycheers.routing import websocket_application

PARTNER, USER, STAFF = "/partner/notification", "/user/notification", "/staff/notification"
HOST = "testserver"
WAIT_S = 10.0
Frame = dict[str, Any]


class Socket:
    """A client's end."""

    def __init__(self, path: str, token: str = "", **headers: str) -> None:
        # Nobody stops the process's hub, whose tasks would keep the test's event loop from closing.
        assert consumers.hub is not hub.hub, "Tests of sockets have a hub of their own: put them into this folder."
        raw = [] if "host" in headers else [(b"host", HOST.encode())]
        if token:
            raw.append((b"authorization", f"Bearer {token}".encode()))
        raw += [(name.encode(), value.encode()) for name, value in headers.items()]
        self.link = WebsocketCommunicator(websocket_application, path, headers=raw)
        self.put_aside: list[Frame] = []
        self.reason = ""  # for which the server has closed
        self.epoch = ""  # of the newest event

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
        """The next frame, without its epoch."""
        frame: Frame = await self.link.receive_json_from(timeout=WAIT_S)
        self.epoch = frame.pop("epoch", self.epoch)
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
        self.reason = message.get("reason") or ""
        return int(message["code"])

    async def leave(self) -> None:
        await self.link.disconnect(timeout=WAIT_S)


def aside(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make what touches the database awaitable, on the sockets' threads."""
    wrapped: Callable[..., Any] = in_thread(function)
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

    async def noted() -> bool:
        return own._orders_missed_until < float("inf")

    await eventually(sync_to_async(listeners), 1)
    await eventually(noted, True)


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
