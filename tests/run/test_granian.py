"""HTTP by granian, as in production without a proxy that buffers: slow bodies hold no thread, heads are unambiguous."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.processes import free_port, listening, running, wait_until
from tests.run.echo import Echo

pytestmark = pytest.mark.e2e

HALF_SENT = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
SLOW_BODIES = 200  # a hundred for each thread of the application


@pytest.fixture(scope="module")
def granian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    port, log = free_port(), tmp_path_factory.mktemp("granian") / "log"
    command = [
        *(str(Path(sys.executable).with_name("granian")), "--interface", "asgi", "--port", str(port), "--no-ws"),
        *("--log-level", "warning", "tests.run.echo_server:application"),
    ]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "speedycheers.settings", "ECHO_ARRIVES_S": "3"}
    with log.open("w") as output, running(command, env=env, stdout=output, stderr=output) as process:
        try:
            wait_until(lambda: listening(port), 30, "granian listens")
            yield Echo(port, process, log)
        finally:
            process.terminate()  # killed, it would leave its workers behind
            process.wait(10)


def half_sent(granian: Echo) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", granian.port), timeout=15)
    link.sendall(HALF_SENT)
    return link


def test_half_sent_bodies_hold_no_thread_and_end(granian: Echo) -> None:
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(contextlib.closing(half_sent(granian))) for _ in range(SLOW_BODIES)]
        for _ in range(20):
            assert granian.ask("GET", "/")[0] == 200
        for link in links:
            link.sendall(b" ")  # a drop now and then buys no time
        assert all(link.recv(12) == b"HTTP/1.1 408" for link in links)
        assert granian.ask("GET", "/")[0] == 200


def test_a_body_larger_than_anything_needs_is_refused(granian: Echo) -> None:
    with contextlib.closing(socket.create_connection(("127.0.0.1", granian.port), timeout=15)) as link:
        link.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(20):
                link.sendall(b"x" * 65536)
        assert link.recv(12) == b"HTTP/1.1 413"


def test_a_whole_and_a_chunked_body_arrive(granian: Echo) -> None:
    assert granian.seen("POST", "/", b"x" * 1_000_000)["length"] == 1_000_000
    parts = (bytes([1]) * 10_000 for _ in range(5))
    seen = granian.seen("POST", "/", parts, **{"Transfer-Encoding": "chunked"})
    assert (seen["length"], seen["CONTENT_LENGTH"]) == (50_000, "50000")


@pytest.mark.parametrize("first", ["http", "https"])
def test_an_underscore_is_no_hyphen(granian: Echo, first: str) -> None:
    names = ("X-Forwarded-Proto", "X_Forwarded_Proto")
    seen = granian.seen("GET", "/", **dict(zip(names, (first, "spoofed"), strict=True)))
    assert seen["HTTP_X_FORWARDED_PROTO"] == first
    assert "HTTP_X_FORWARDED_PROTO" not in granian.seen("GET", "/", X_Forwarded_Proto="https")


def test_clients_who_leave_a_slow_answer_do_not_keep_its_thread(granian: Echo) -> None:
    closed = granian.seen("GET", "/")["closed"]
    for _ in range(2):  # as many as there are threads
        with socket.create_connection(("127.0.0.1", granian.port)) as connection:
            connection.sendall(b"GET /stream?1000,0.1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(100)
    wait_until(lambda: granian.seen("GET", "/")["closed"] == closed + 2, 30, "both threads are free")
