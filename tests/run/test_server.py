"""The server: what reaches the application, how it closes sockets, how it ends."""

import base64
import contextlib
import http.client
import json
import os
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
