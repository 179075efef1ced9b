"""A canary for upgrades: every name in `runner/daphne_internals.py` is there and does what the server relies on."""

import inspect
import re
import socket
from asyncio import Queue
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner import daphne_internals

from autobahn.websocket.protocol import WebSocketProtocol as AutobahnProtocol  # isort: skip  # after the reactor
from autobahn.websocket.protocol import WebSocketServerProtocol as AutobahnServerProtocol  # isort: skip
from daphne.http_protocol import HTTPFactory
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Connection, Port
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.web.http import HTTPChannel

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 4
CLOSE = b"\x88"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Picky(daphne_internals.Socket):
    """A socket that closes with 1008 on a large message, as the server's does."""

    def message_too_large(self, limit: int) -> None:
        self.fail(1008, f"at most {limit}")


@pytest.fixture(params=["own options", "shared options"])
def peer(request: pytest.FixtureRequest) -> Any:
    """A socket whose handshake has arrived and which the application has not answered."""
    server = SimpleNamespace(
        root_path="",
        proxy_forwarded_address_header=None,
        create_application=lambda protocol, scope: Queue(),
        protocol_connected=lambda protocol: None,
        protocol_disconnected=lambda protocol: None,
        log_action=lambda *told: None,
    )
    factory = WebSocketFactory(server)
    factory.reactor = MemoryReactorClock()
    factory.protocol = Picky
    factory.setProtocolOptions(failByDrop=False, maxMessagePayloadSize=LIMIT)
    if request.param == "shared options":
        factory.protocol = daphne_internals.sharing_options(Picky, factory)
    made = factory.buildProtocol(None)
    made._raw_query_string = b""
    made.makeConnection(StringTransport())
    made.dataReceived(HANDSHAKE)
    return made


def masked(payload: bytes) -> bytes:
    """A client's text frame, masked with zeros."""
    return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload


def test_the_libraries_are_the_pinned_ones() -> None:
    pinned = dict(re.findall(r"^(\w+)==([\w.]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE))
    assert {name: pinned.get(name) for name in daphne_internals.PINNED} == {
        name: version(name) for name in daphne_internals.PINNED
    }


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (AutobahnProtocol._max_message_size_exceeded, ["self", "msg_size", "max_msg_size", "reason"]),
        (AutobahnProtocol._fail_connection, ["self", "code", "reason"]),
        (AutobahnProtocol.sendCloseFrame, ["self", "code", "reasonUtf8", "isReply"]),
        (HTTPChannel.forceAbortClient, ["self"]),
        (HTTPChannel.connectionLost, ["self", "reason"]),
        (Connection.writeSomeData, ["self", "data"]),
        (HTTPFactory.buildProtocol, ["self", "addr"]),
        (WebSocketFactory.buildProtocol, ["self", "addr"]),
        (Server.create_application, ["self", "protocol", "scope"]),
        (Server.handle_reply, ["self", "protocol", "message"]),
        (Server.application_checker, ["self"]),
        (Server.timeout_checker, ["self"]),
        (Server.kill_all_applications, ["self"]),
        (WebSocketProtocol.serverClose, ["self", "code"]),
        (WebSocketProtocol.handle_exception, ["self", "exception"]),
    ],
    ids=lambda value: value.__qualname__ if callable(value) else "",
)
def test_signatures_are_the_known_ones(function: Callable[..., Any], parameters: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == parameters


def test_no_connection_keeps_a_copy_of_shared_options(peer: Any) -> None:
    names = [*AutobahnServerProtocol.CONFIG_ATTRS]
    assert {name: getattr(peer, name) for name in names} == {name: getattr(peer.factory, name) for name in names}
    assert len(set(names) & set(vars(peer))) == len(peer.CONFIG_ATTRS)


def test_the_handshake_is_answered_and_released(peer: Any) -> None:
    assert (peer.accepted, peer.between_frames()) == (False, False)
    assert peer.unread.get_nowait() == {"type": "websocket.connect"}
    peer.serverAccept()
    assert (peer.accepted, peer.between_frames()) == (True, True)
    assert peer.http_request_data == HANDSHAKE
    assert peer.http_headers["host"] == "here"
    assert peer.request.path == "/ws"
    peer.release_handshake()
    peer.dataReceived(masked(b"hi"))
    assert peer.unread.get_nowait() == {"type": "websocket.receive", "text": "hi"}


@pytest.mark.parametrize("size", [1, 6, 7], ids=["in the header", "after the header", "in the payload"])
def test_a_part_of_a_frame_is_not_between_frames(peer: Any, size: int) -> None:
    peer.serverAccept()
    frame = masked(b"hi")
    peer.dataReceived(frame[:size])
    assert not peer.between_frames()
    peer.dataReceived(frame[size:])
    assert peer.between_frames()


def test_a_close_frame_takes_any_code(peer: Any) -> None:
    peer.serverAccept()
    peer.transport.clear()
    peer.send_close(1012, "restarting")
    assert peer.transport.value() == CLOSE + b"\x0c" + (1012).to_bytes(2, "big") + b"restarting"


def test_a_large_message_is_answered_by_us(peer: Any) -> None:
    peer.serverAccept()
    peer.transport.clear()
    peer.dataReceived(masked(b"x" * (LIMIT + 1)))
    assert peer.transport.value() == CLOSE + b"\x0b" + (1008).to_bytes(2, "big") + b"at most 4"


@pytest.fixture
def connection() -> Iterator[tuple[Connection, socket.socket]]:
    """Twisted's end of a connection, and ours."""
    theirs, ours = socket.socketpair()
    theirs.setblocking(False)
    with theirs, ours:
        yield Connection(theirs, Protocol(), MemoryReactorClock()), ours


def test_a_write_goes_straight_to_the_kernel(connection: tuple[Connection, socket.socket]) -> None:
    transport, ours = connection
    transport.connected = True
    assert daphne_internals.write_directly(transport, b"now")
    assert ours.recv(10) == b"now"
    assert (transport.dataBuffer, transport._tempDataBuffer) == (b"", [])


def test_a_write_waits_behind_what_is_buffered(connection: tuple[Connection, socket.socket]) -> None:
    transport, ours = connection
    transport.connected = True
    transport.write(b"first ")
    assert daphne_internals.write_directly(transport, b"second")
    assert transport._tempDataBuffer == [b"first ", b"second"]
    transport.doWrite()
    assert ours.recv(20) == b"first second"


def test_a_full_kernel_leaves_the_rest_to_the_buffer(connection: tuple[Connection, socket.socket]) -> None:
    transport, _ours = connection
    transport.connected = True
    data = b"x" * 4 * 1024 * 1024
    assert daphne_internals.write_directly(transport, data)
    unsent = sum(map(len, transport._tempDataBuffer))
    assert 0 < unsent < len(data)


def test_a_write_to_a_broken_connection_says_so(connection: tuple[Connection, socket.socket]) -> None:
    transport, ours = connection
    transport.connected = True
    ours.close()
    assert not daphne_internals.write_directly(transport, b"gone")


def test_a_factory_is_wrapped_and_a_loss_is_reported_past_errors() -> None:
    built, lost = [], []
    factory = HTTPFactory(SimpleNamespace())

    def build(make: Callable[[Any], Any], address: Any) -> Any:
        built.append(address)
        return make(address)

    daphne_internals.wrap_protocols(factory, build)
    channel = factory.buildProtocol("here")
    assert isinstance(channel.requestFactory, type)
    assert built == ["here"]

    def stumble(*reason: Any) -> None:
        raise AttributeError("no request")

    channel.connectionLost = stumble
    daphne_internals.when_lost(channel, lambda: lost.append("here"))
    with pytest.raises(AttributeError, match="no request"):
        channel.connectionLost("why")
    assert lost == ["here"]


def test_a_crowd_is_accepted_a_few_at_a_time() -> None:
    """Those who are in are served between the turns; Twisted would accept a hundred in the first."""
    accepted: list[Any] = []

    class Door(Factory):
        def buildProtocol(self, addr: Any) -> None:
            accepted.append(addr)

    door = Port(0, Door(), interface="127.0.0.1", reactor=MemoryReactorClock())
    door.startListening()
    daphne_internals.accept_few(door, 3)
    crowd = [socket.create_connection(("127.0.0.1", door.getHost().port)) for _ in range(8)]
    seen = []
    for _ in range(4):
        door.doRead()
        seen.append(len(accepted))
    for link in [*crowd, door.socket]:
        link.close()
    assert seen == [3, 6, 8, 8]


def test_the_applications_of_a_server() -> None:
    server = Server(lambda: None, endpoints=["tcp:port=0"])
    server.connections = {}
    server.protocol_connected("a")
    assert list(daphne_internals.applications(server)) == [(None, True)]
    server.protocol_disconnected("a")
    task: Any = "task"
    server.connections["a"]["application_instance"] = task
    assert list(daphne_internals.applications(server)) == [(task, False)]
