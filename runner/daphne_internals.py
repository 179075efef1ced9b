"""All undocumented names of daphne, autobahn and Twisted that the program uses.

`requirements.in` pins the three exactly. `tests/run/test_daphne_internals.py` fails on an upgrade and on any name
below that is missing or has changed, so that each upgrade is checked against this file.

| name | library | why it is used |
| --- | --- | --- |
| `server.twisted_loop` | daphne | daphne creates the event loop on import; the program schedules on it |
| `Server.connections` | daphne | an orderly stop waits for running applications; lingering ones are cancelled |
| `Server.create_application`, `application`, `handle_reply` | daphne | its queue of a connection takes 2.3 kB |
| `WebRequest._response_started` | daphne | a half-sent answer is aborted, not completed |
| `WebSocketProtocol.handshake_deferred` | daphne | exists until the application accepts; decides how to report errors |
| `WebSocketProtocol.application_queue` | daphne | a lost peer is reported early, and a flood is counted |
| `factory.buildProtocol` | daphne | connections per address are limited, and daphne accepts no custom factory |
| `_max_message_size_exceeded`, `_fail_connection` | autobahn | an oversized message gets the contract's close code |
| `current_frame`, `data` | autobahn | an empty pong is recognized without parsing |
| `http_request_data`, `http_headers`, `request` | autobahn | the handshake is released once it is done |
| `CONFIG_ATTRS` | autobahn | connections share their options |
| `onMessageFrameBegin` | autobahn | the frames of unfinished messages are counted |
| `sendCloseFrame` | autobahn | `sendClose` refuses the codes from 1001 to 2999 |
| `channel.connectionLost` | Twisted | the count of an address's connections drops even if daphne fails |
| `_channel`, `lineReceived`, `_respondToBadRequestAndDisconnect` | Twisted | a folded header is refused |
| `Port.numberAccepts` | Twisted | a crowd is accepted a few at a time, and open connections are served in between |
| `HTTPChannel.forceAbortClient` | Twisted | a slow or half-answered client is cut off without waiting for its buffer |
| `dataBuffer`, `_tempDataBuffer`, `writeSomeData` | Twisted | a frame is written past the buffer, 6.5 times faster |
"""

import time
from asyncio import Task, ensure_future
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import daphne.server  # isort: skip  # installs Twisted's asyncio reactor, which precedes any other import of Twisted

from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol

from runner.inbox import Inbox

PINNED = ("daphne", "autobahn", "twisted")

event_loop = daphne.server.twisted_loop


class Server(daphne.server.Server):
    """daphne's server, whose connections have small queues."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Inbox | None:
        """Start the application of a connection, and return what it receives from; None if the peer has gone."""
        if protocol not in self.connections:
            return None
        inbox = Inbox()
        scope.setdefault("asgi", {"version": "3.0"})
        application = self.application(scope=scope, receive=inbox.get, send=partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = ensure_future(application)
        return inbox


class Request(WebRequest):
    """daphne's HTTP request, with public names for its private attributes."""

    @property
    def answer_begun(self) -> bool:
        """Whether the status line has been written."""
        return bool(self._response_started)

    def abort(self) -> None:
        """Drop the connection without flushing it."""
        if self.channel is not None:
            self.channel.forceAbortClient()


class Socket(WebSocketProtocol):
    """daphne's socket, with public names for private attributes of daphne and autobahn."""

    @property
    def accepted(self) -> bool:
        """Whether the application has answered the handshake."""
        return not hasattr(self, "handshake_deferred")

    @property
    def unread(self) -> Inbox | None:
        """Messages that the application has not received yet; None before the application exists."""
        return getattr(self, "application_queue", None)

    def between_frames(self) -> bool:
        """Whether the next byte begins a new frame."""
        return bool(self.state == self.STATE_OPEN and self.current_frame is None and not self.data)

    def release_handshake(self) -> None:
        """Drop the references that only the handshake needs."""
        self.http_request_data = self.http_headers = self.request = None

    def send_close(self, code: int, reason: str) -> None:
        """Send a close frame with any code."""
        self.sendCloseFrame(code=code, reasonUtf8=reason.encode())

    def message_too_large(self, limit: int) -> None:
        """Answer a message above `limit` bytes; a subclass decides how."""
        raise NotImplementedError

    def fail(self, code: int, reason: str) -> None:
        """Close because of a bad message, and read nothing more from the peer."""
        self._fail_connection(code, reason)

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:
        self.message_too_large(max_msg_size)


def write_directly(transport: Any, data: bytes) -> bool:
    """Write to the kernel if nothing is buffered, and buffer the rest. Returns False if the connection is broken.

    Twisted's own `write` costs a turn of the event loop and two changes of its poll set, more than the rest of
    sending a frame.
    """
    if not transport.dataBuffer and not transport._tempDataBuffer:
        sent = transport.writeSomeData(data)
        if not isinstance(sent, int):  # an error; the reactor notices it on the next read
            return False
        data = data[sent:]
    if data:
        transport.write(data)
    return True


def sharing_options(protocol: type[Socket], factory: Any) -> type[Socket]:
    """Return a subclass that has the factory's options.

    autobahn would copy them to each connection, and format them for a log that is off: half of a handshake's work.
    """
    options = {name: getattr(factory, name) for name in protocol.CONFIG_ATTRS}
    options = {name: staticmethod(option) if callable(option) else option for name, option in options.items()}
    return type(protocol.__name__, (protocol,), {**options, "CONFIG_ATTRS": ()})


def wrap_protocols(factory: Any, build: Callable[[Callable[[Any], Any], Any], Any]) -> None:
    """Have `build(make, address)` choose the protocol of each connection; `make(address)` builds daphne's."""
    make = factory.buildProtocol
    factory.buildProtocol = lambda address: build(make, address)


def accept_few(port: Any, at_once: int) -> None:
    """Accept so many connections in one turn of the event loop; Twisted accepts more, the more there are."""
    accept = port.doRead

    def read() -> None:
        port.numberAccepts = at_once
        accept()

    port.doRead = read


def when_lost(channel: Any, callback: Callable[[], None]) -> None:
    """Call `callback` once the connection is gone, even if daphne fails on an incomplete request."""
    end = channel.connectionLost

    def lost(*reason: Any) -> None:
        try:
            end(*reason)
        finally:
            callback()

    channel.connectionLost = lost


def refuse_folded_headers(channel: Any) -> None:
    """Answer a header that is continued on the next line with 400 (RFC 9112, section 5.2); Twisted joins the lines."""
    http = getattr(channel, "_channel", channel)
    understand = http.lineReceived

    def received(line: bytes) -> None:
        if line[:1] in (b" ", b"\t"):
            http._respondToBadRequestAndDisconnect()
        else:
            understand(line)

    http.lineReceived = received


def applications(server: Any) -> "Iterator[tuple[Task[None] | None, bool]]":
    """Yield each connection's application, or None before it exists, and whether the peer is still connected."""
    for details in server.connections.values():
        yield details.get("application_instance"), "disconnected" not in details


def lingering(server: Any, grace_s: float) -> "list[Task[None]]":
    """Return the applications that still run `grace_s` after their connection was closed."""
    before = time.time() - grace_s
    held = [
        (details.get("application_instance"), details.get("disconnected")) for details in server.connections.values()
    ]
    return [task for task, gone in held if task and not task.done() and gone and gone < before]
