"""Open sockets, driven from outside their loop."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from speedycheers.routing import websocket_application
from tests import cast
from tests.fuzz.world import World

WITHIN_S = 20.0
THREADS = 4
COMMANDS = {
    "partner": ("ack", "location", "accept", "decline", "status"),
    "user": ("ack",),
    "staff": ("ack",),
}
KNOWN = {"ping", *COMMANDS["partner"]}
everybody = pytest.mark.parametrize("role", COMMANDS)


class Line:
    """One open socket, driven from outside its loop."""

    def __init__(self, runner: asyncio.Runner, path: str, headers: list[tuple[bytes, bytes]], query: str = "") -> None:
        self.runner = runner
        if not any(name == b"host" for name, _ in headers):
            headers = [(b"host", b"localhost"), *headers]
        self.socket = WebsocketCommunicator(websocket_application, path + query, headers=headers)
        self.pings = 0

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    def open(self) -> dict[str, Any]:
        """Connect; gives the first thing that comes."""
        accepted, _ = self.run(self.socket.connect(timeout=WITHIN_S))
        assert accepted
        return self.receive()

    def send(self, frame: str | bytes) -> None:
        key = "text" if isinstance(frame, str) else "bytes"
        self.run(self.socket.send_input({"type": "websocket.receive", key: frame}))

    def receive(self) -> dict[str, Any]:
        """The next frame as JSON, or the message that closes the socket. Unasked-for counts are left out."""
        while True:
            message: dict[str, Any] = self.run(self.socket.receive_output(timeout=WITHIN_S))
            if message["type"] == "websocket.close":
                return message
            frame: dict[str, Any] = json.loads(message["text"])
            if frame["type"] != "counts":
                return frame

    def until_pong(self) -> list[dict[str, Any]]:
        """Every frame before the answer to a ping sent now: those that answer what was sent before it."""
        self.pings += 1
        self.send(json.dumps({"type": "ping", "id": f"ping {self.pings}"}))
        frames = []
        while (frame := self.receive()) != {"type": "pong", "id": f"ping {self.pings}"}:
            assert frame["type"] not in ("websocket.close", "pong"), frame
            frames.append(frame)
        return frames

    def close(self) -> None:
        with suppress(asyncio.CancelledError):
            self.run(self.socket.disconnect(timeout=WITHIN_S))


class Lines:
    """Opens sockets in a city at work."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self.runner, self.world = runner, world
        self.opened: list[Line] = []

    def headers(self, role: str) -> list[tuple[bytes, bytes]]:
        who = {"partner": self.world.offered.user, "user": self.world.user, "staff": self.world.staff}[role]
        return [(b"authorization", f"Bearer {cast.token_of(who)}".encode())]

    def line(self, role: str, headers: list[tuple[bytes, bytes]] | None = None, query: str = "") -> Line:
        line = Line(self.runner, f"/{role}/notification", self.headers(role) if headers is None else headers, query)
        self.opened.append(line)
        return line
