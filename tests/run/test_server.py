"""The server: what reaches the application, how it closes sockets, how it ends."""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.processes import free_port, listening, running, wait_until

pytestmark = pytest.mark.e2e


@dataclass
class Echo:
    """A running tests.run.echo_server."""

    port: int
    process: Any
    log: Path

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(
                method, path, body, headers, encode_chunked=headers.get("Transfer-Encoding") == "chunked"
            )
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def seen(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """What the application saw of a request."""
        status, _, answer = self.ask(method, path, body, **headers)
        assert status == 200
        seen: dict[str, Any] = json.loads(answer)
        return seen

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    yield from _echo(tmp_path_factory.mktemp("echo"))


@pytest.fixture
def own_echo(tmp_path: Path) -> Iterator[Echo]:
    """A server for a test that ends it."""
    yield from _echo(tmp_path)


def _echo(folder: Path) -> Iterator[Echo]:
    port, log = free_port(), folder / "log"
    command = [sys.executable, "-m", "tests.run.echo_server", str(port)]
    with log.open("w") as output, running(command, stdout=output, stderr=output) as process:
        wait_until(lambda: listening(port), 20, f"the server listens; {log.read_text()}")
        yield Echo(port, process, log)


# ---------------------------------------------------------------- HTTP


def test_the_request_arrives_as_it_was_sent(echo: Echo) -> None:
    seen = echo.seen("POST", "/a%20b%2Fc/%C3%A9?x=1&y=%20", b"\x01\x02", **{"X-Custom-Name": "v", "Cookie": "a=1; b=2"})
    assert seen["PATH_INFO"].encode("latin1").decode() == "/a b/c/é"
    assert seen["QUERY_STRING"] == "x=1&y=%20"
    assert seen["HTTP_X_CUSTOM_NAME"] == "v"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"
    assert (seen["length"], seen["sum"], seen["CONTENT_LENGTH"]) == (2, 3, "2")
    assert seen["REMOTE_ADDR"] == "127.0.0.1"


def test_a_client_can_not_set_the_script_name(echo: Echo) -> None:
    assert echo.seen("GET", "/", **{"Daphne-Root-Path": "//evil.test"})["SCRIPT_NAME"] == ""


def test_a_chunked_body_is_read_whole(echo: Echo) -> None:
    parts = (bytes([1]) * 10_000 for _ in range(5))
    seen = echo.seen("POST", "/", parts, **{"Transfer-Encoding": "chunked"})
    assert (seen["length"], seen["CONTENT_LENGTH"]) == (50_000, "50000")


def test_a_body_larger_than_anything_needs_is_refused(echo: Echo) -> None:
    status, _, body = echo.ask("POST", "/", b"x" * (1024 * 1024 + 1))
    assert status == 413
    assert json.loads(body)["errors"][0]["attr"] is None


def test_connections_are_kept_and_head_has_no_body(echo: Echo) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=5)
    ports = set()
    for method in ("GET", "HEAD", "POST", "GET"):
        connection.request(method, "/", b"abc" if method == "POST" else None)
        answer = connection.getresponse()
        assert answer.status == 200
        body = answer.read()
        assert bool(body) == (method != "HEAD")
        ports |= {json.loads(body)["REMOTE_PORT"]} if body else set()
    connection.close()
    assert len(ports) == 1


def test_a_stream_arrives_piece_by_piece(echo: Echo) -> None:
    status, headers, body = echo.ask("GET", "/stream?3,0")
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    assert body == b"000000\n000001\n000002\n"


def test_a_failing_application_is_a_500_in_the_usual_shape(echo: Echo) -> None:
    status, headers, body = echo.ask("GET", "/fail")
    assert (status, headers["content-type"]) == (500, "application/json")
    assert json.loads(body)["type"] == "server_error"
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        echo.ask("GET", "/half?1,0")
    assert echo.ask("GET", "/")[0] == 200


def test_clients_who_leave_a_slow_answer_do_not_keep_its_thread(echo: Echo) -> None:
    closed = echo.seen("GET", "/")["closed"]
    for _ in range(2):  # as many as there are threads
        with socket.create_connection(("127.0.0.1", echo.port)) as connection:
            connection.sendall(b"GET /stream?1000,0.1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(100)
    wait_until(lambda: echo.seen("GET", "/")["closed"] == closed + 2, 15, "both threads are free")


# ---------------------------------------------------------------- sockets


def code_of(echo: Echo, message: str, path: str = "") -> int | None:
    """The code with which the server closes after this message."""
    with connect(echo.ws + path) as client:
        client.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        return closed.value.rcvd.code if closed.value.rcvd else None


def test_messages_pass_both_ways(echo: Echo) -> None:
    with connect(echo.ws) as client:
        client.send("é" * 8000)
        assert client.recv(timeout=5) == "é" * 8000


@pytest.mark.parametrize("code", [1000, 1008, 1011, 1012, 4401])
def test_the_application_closes_with_any_code(echo: Echo, code: int) -> None:
    assert code_of(echo, f"close {code}") == code


def test_a_failing_application_closes_with_1011(echo: Echo) -> None:
    assert code_of(echo, "fail") == 1011


@pytest.mark.parametrize("size", [16 * 1024 + 1, 3_000_000])
def test_an_oversized_message_closes_with_1008(echo: Echo, size: int) -> None:
    assert code_of(echo, "x" * size) == 1008


def raw_socket(echo: Echo) -> socket.socket:
    """An accepted socket on which the test answers pings, or doesn't, by itself."""
    connection = socket.create_connection(("127.0.0.1", echo.port), timeout=15)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1)
    assert b" 101 " in answer
    return connection


def frame(connection: socket.socket) -> tuple[int, bytes]:
    """The next frame's opcode and payload (of those shorter than 126 bytes)."""
    opcode, length = connection.recv(2, socket.MSG_WAITALL)
    return opcode & 0x0F, connection.recv(length, socket.MSG_WAITALL) if length else b""


def test_a_peer_that_answers_no_ping_is_closed_with_4408(echo: Echo) -> None:
    with raw_socket(echo) as connection:
        assert frame(connection)[0] == 9
        opcode, payload = frame(connection)
        assert (opcode, struct.unpack("!H", payload[:2])[0]) == (8, 4408)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    wait_until(lambda: "disconnect 4408" in echo.log.read_text(), 5, "the application heard of it")


def test_a_slow_peer_that_does_answer_stays(echo: Echo) -> None:
    # Its answers take longer than the time between two pings, but less than the time-out.
    with raw_socket(echo) as connection:
        for _ in range(3):
            opcode, payload = frame(connection)
            assert opcode == 9
            time.sleep(2.2)
            connection.sendall(b"\x8a" + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload)


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536, 300_000])
def test_a_frame_written_at_once_is_whole(echo: Echo, length: int) -> None:
    with connect(echo.ws + "write", max_size=None) as client:
        client.send(str(length))
        assert client.recv(timeout=10) == "é" * (length // 2) + "x" * (length % 2)


def test_whoever_does_not_read_is_closed_and_not_kept_in_memory(echo: Echo) -> None:
    """They go on answering pings: a slow reader is no dead peer."""
    with raw_socket(echo) as connection, connect(echo.ws) as neighbour:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        text = b"say 60000"
        connection.sendall(b"\x81" + bytes([0x80 | len(text)]) + b"\0\0\0\0" + text)
        wait_until(lambda: said(echo), 15, "the server has given up")
        assert said(echo)  # and what could not wait was not taken
        neighbour.send("still here")  # and nobody else was made to wait
        assert neighbour.recv(timeout=5) == "still here"
    assert "disconnect 1008" in echo.log.read_text()


def said(echo: Echo) -> bool:
    """Whether the application is through with saying 60,000 KiB, of which some were refused."""
    return bool(re.search(r"said 60000 refused [1-9]", echo.log.read_text()))


def test_whoever_reads_slowly_gets_all_of_it(echo: Echo) -> None:
    with connect(echo.ws, max_queue=1) as client:
        client.send("say 3000")
        for _ in range(1500):
            assert client.recv(timeout=10) == "x" * 1024


def test_messages_faster_than_they_are_served_close_with_1008(echo: Echo) -> None:
    with connect(echo.ws) as client:
        client.send("sleep")
        with contextlib.suppress(ConnectionClosed):
            for _ in range(1000):
                client.send("x")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


# ---------------------------------------------------------------- those who mean no good

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


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_good_order(own_echo: Echo, number: int) -> None:
    answers: list[int] = []
    slow = threading.Thread(target=lambda: answers.append(own_echo.ask("GET", "/slow")[0]))
    with connect(own_echo.ws) as client:
        client.send("here")
        client.recv(timeout=5)
        slow.start()
        time.sleep(0.3)
        own_echo.process.send_signal(number)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert own_echo.process.wait(3) == 0
    slow.join(5)
    assert answers == [200]
    assert "disconnect" in own_echo.log.read_text()


def test_it_ends_although_peers_and_requests_hang(own_echo: Echo) -> None:
    with raw_socket(own_echo), socket.create_connection(("127.0.0.1", own_echo.port)) as stream:
        stream.sendall(b"GET /stream?1000,0.1 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        own_echo.process.send_signal(signal.SIGTERM)
        assert own_echo.process.wait(4) == 0


def test_a_taken_port_is_an_error(echo: Echo) -> None:
    command = [sys.executable, "-m", "tests.run.echo_server", str(echo.port)]
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert process.wait(20) == 1
