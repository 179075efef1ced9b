"""The server and sockets: what passes, how they are closed, and who is too slow."""

import contextlib
import re
import socket
import struct
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from testbed.processes import wait_until
from tests.run.echo import Echo, frame, raw_socket

pytestmark = pytest.mark.e2e


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


@pytest.mark.parametrize("length", [125, 126, 16 * 1024 + 1, 65536, 400_000])
def test_an_answer_may_be_longer_than_a_message(echo: Echo, length: int) -> None:
    with connect(echo.ws, max_size=None) as client:
        client.send(f"long {length}")
        assert client.recv(timeout=10) == "x" * length


@pytest.mark.parametrize("code", [1000, 1008, 1011, 1012, 4401])
def test_the_application_closes_with_any_code(echo: Echo, code: int) -> None:
    assert code_of(echo, f"close {code}") == code


def test_a_failing_application_closes_with_1011(echo: Echo) -> None:
    assert code_of(echo, "fail") == 1011


@pytest.mark.parametrize("size", [16 * 1024 + 1, 3_000_000])
def test_an_oversized_message_closes_with_1008(echo: Echo, size: int) -> None:
    assert code_of(echo, "x" * size) == 1008


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


def test_the_log_does_not_say_for_whom_an_application_lingered(echo: Echo) -> None:
    with connect(echo.ws) as client:
        client.send("linger ann@x.test")
    wait_until(lambda: "whose application was cancelled" in echo.log.read_text(), 15, "the application was cancelled")
    assert "ann@x.test" not in echo.log.read_text()
