"""The server and those who mean no good: they end, and harm nobody else."""

import contextlib
import http.client
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from runner import protocols
from testbed.processes import wait_until
from tests.run.echo import Echo, frame, raw_socket

pytestmark = pytest.mark.e2e

ELSEWHERE = ("127.0.0.2", 0)  # another address, of whoever must not be harmed


@contextlib.contextmanager
def many(echo: Echo, count: int, first: bytes) -> Iterator[list[socket.socket]]:
    """So many connections that have sent so much."""
    links = [socket.create_connection(("127.0.0.1", echo.port), timeout=15) for _ in range(count)]
    try:
        for link in links:
            with contextlib.suppress(ConnectionError):
                link.sendall(first)
        yield links
    finally:
        for link in links:
            link.close()


def is_closed(link: socket.socket) -> bool:
    link.settimeout(0.01)
    try:
        return link.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Drop: by-drop\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
    ids=["headers", "body"],
)
def test_requests_sent_drop_by_drop_end_and_harm_nobody(echo: Echo, first: bytes, drop: bytes) -> None:
    with many(echo, 100, first) as links:

        def all_closed() -> bool:
            for link in links:
                with contextlib.suppress(OSError):
                    link.sendall(drop)
            assert echo.ask("GET", "/")[0] == 200
            return all(is_closed(link) for link in links)

        wait_until(all_closed, 15, "the server has hung up on all of them")


@pytest.mark.parametrize(
    "flood",
    [
        b"\x89\x80\0\0\0\0" * 2_000,  # empty pings
        b"\x8a\x80\0\0\0\0" * 2_000,  # empty pongs
        b"\x8a\x81\0\0\0\0x" * 2_000,
        b"\x01\x81\0\0\0\0x" + b"\x00\x80\0\0\0\0" * 4_000,  # a message in empty parts
        (b"\x82\xfe\x3f\xff\0\0\0\0" + b"x" * 0x3FFF) * 80,
    ],
    ids=["pings", "empty pongs", "pongs", "parts", "bytes"],
)
def test_a_socket_that_sends_far_too_much_is_closed(echo: Echo, flood: bytes) -> None:
    with raw_socket(echo) as connection, connect(echo.ws) as neighbour:
        with contextlib.suppress(ConnectionError):
            connection.sendall(flood)
        assert closed_with(connection) == 1008
        neighbour.send("hello")
        assert neighbour.recv(timeout=5) == "hello"


def closed_with(connection: socket.socket) -> int:
    """The code of the close frame, behind the answers to what came before it."""
    while (said := frame(connection))[0] != 8:
        pass
    return int.from_bytes(said[1][:2])


def test_empty_pongs_one_by_one_are_a_flood_as_well(echo: Echo) -> None:
    with raw_socket(echo) as connection:
        with contextlib.suppress(ConnectionError):
            for _ in range(protocols.INTAKE_CONTROL_FRAMES_MAX + 1):
                connection.sendall(b"\x8a\x80\0\0\0\0")
        assert closed_with(connection) == 1008


def test_connections_that_say_nothing_end(echo: Echo) -> None:
    with many(echo, 20, b"") as links:
        wait_until(lambda: all(is_closed(link) for link in links), 15, "the server has hung up on all of them")


def test_a_flood_of_connections_harms_only_its_own_address(echo: Echo) -> None:
    with connect(echo.ws, source_address=ELSEWHERE) as neighbour, many(echo, 300, b"") as links:
        wait_until(lambda: sum(is_closed(link) for link in links) >= 100, 5, "those beyond 200 are closed")
        neighbour.send("hello")
        assert neighbour.recv(timeout=5) == "hello"
        with connect(echo.ws, source_address=ELSEWHERE) as another:
            another.send("hello")
            assert another.recv(timeout=5) == "hello"
    wait_until(lambda: serves(echo), 5, "their end has made room again")


def serves(echo: Echo) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return echo.ask("GET", "/")[0] == 200
    return False


def test_sockets_leave_room_when_they_end(echo: Echo) -> None:
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            for _ in range(90):
                stack.enter_context(connect(echo.ws))


def test_a_broken_handshake_is_refused_quietly(echo: Echo) -> None:
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    with (
        pytest.raises(InvalidStatus),
        connect(echo.ws + "never", open_timeout=1, additional_headers={"Sec-WebSocket-Version": "7"}),
    ):
        pass
    assert "AttributeError" not in echo.log.read_text()
