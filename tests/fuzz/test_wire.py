"""What reaches the running program only over a real connection: broken HTTP, lying lengths, broken frames."""

import asyncio
import io
import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPResponse
from typing import Any

import psycopg
import pytest
import websockets
from websockets.frames import Opcode

from testbed.stack import Stack

pytestmark = pytest.mark.e2e
WITHIN_S = 10.0
WAITING_S = 2.0
GOOD = b'{"email":"user1@demo.test","password":"cheers-demo"}'
HEAD = b"HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
POST = b"POST /cheerRequest " + HEAD + b"Content-Type: application/json\r\n"

TABLES = ("requests_app_cheerrequest", "requests_app_offer", "rides_ride", "accounts_partner", "payments_payment")
BY_STATUS = " UNION ALL ".join(
    f"SELECT '{table}', status, count(*) FROM {table} GROUP BY status"  # noqa: S608  # our own names
    for table in TABLES
)


def exchange(stack: Stack, sent: bytes) -> bytes:
    """Everything that comes back, until the server closes or waits for more."""
    connection = socket.create_connection(("127.0.0.1", stack.port), WITHIN_S)
    parts = []
    with connection, suppress(ConnectionError, TimeoutError):
        connection.sendall(sent)
        connection.settimeout(WAITING_S)
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def parsed(answer: bytes) -> tuple[int, bytes]:
    """The status and the body of the first answer."""
    response = HTTPResponse(_Received(answer))  # type: ignore[arg-type]
    response.begin()
    return response.status, response.read()


class _Received:
    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.answer)


def counts(stack: Stack) -> Any:
    """How many rows there are of everything, by status; asked of the database, because gauges are counted later."""
    url = stack.env.get("DATABASE_URL", "")
    if url:
        with psycopg.connect(url) as connection:
            return sorted(connection.execute(BY_STATUS).fetchall())
    with closing(sqlite3.connect(stack.data / "speedycheers.sqlite3")) as file:
        return sorted(file.execute(BY_STATUS).fetchall())


@contextmanager
def nothing_changes(stack: Stack) -> Iterator[None]:
    before = counts(stack)
    assert before
    yield
    assert counts(stack) == before


REQUESTS = {
    "chunked, no JSON": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunked, bad size": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "chunked, huge size": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
    "chunked and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "unknown encoding": POST + b"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "compressed": POST + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "length too large": POST + b"Content-Length: 500\r\n\r\n{}",
    "length too small": POST + b"Content-Length: 1\r\n\r\n{}",
    "length negative": POST + b"Content-Length: -1\r\n\r\n{}",
    "length no number": POST + b"Content-Length: two\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "no length": POST + b"\r\n{}",
    "too large": POST + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000,
    "a form without boundary": POST.replace(b"application/json", b"multipart/form-data")
    + b"Content-Length: 5\r\n\r\nhello",
    "a NUL in a header": POST + b"X-Odd: \0\r\nContent-Length: 2\r\n\r\n{}",
    "a header without colon": POST + b"Odd\r\nContent-Length: 2\r\n\r\n{}",
    "a huge header": POST + b"X-Odd: " + b"x" * 100_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "many headers": POST + b"".join(b"X-%d: x\r\n" % n for n in range(5000)) + b"Content-Length: 2\r\n\r\n{}",
    "a huge path": b"GET /" + b"x" * 100_000 + b" " + HEAD + b"\r\n",
    "a raw path": b"GET /\xff\xfe\x00 " + HEAD + b"\r\n",
    "no host": b"GET /me HTTP/1.1\r\nConnection: close\r\n\r\n",
    "no version": b"GET /me\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "an upgrade without key": b"GET /user/notification HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
    "an upgrade elsewhere": b"POST /login " + HEAD + b"Upgrade: websocket\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS)
def test_broken_requests(request_bytes: bytes, stack: Stack) -> None:
    """Refused in the one shape; where the server can't even read it, with an empty answer or by hanging up."""
    with nothing_changes(stack):
        answer = exchange(stack, request_bytes)
        if answer:
            status, body = parsed(answer)
            assert 400 <= status < 500, answer[:500]
            if body:
                assert set(json.loads(body)) == {"type", "errors"}
    assert stack.call("POST", "/login", json.loads(GOOD))[0] == 200


FRAMES = {
    "text that is no UTF-8": (Opcode.TEXT, b"\xff\xfe", 1007),
    "text with a surrogate": (Opcode.TEXT, b'"\xed\xa0\x80"', 1007),
    "too large": (Opcode.TEXT, b"x" * (16 * 1024 + 1), 1008),
    "too large and binary": (Opcode.BINARY, b"x" * (16 * 1024 + 1), 1008),
    "much too large": (Opcode.TEXT, b"x" * 5_000_000, 1008),
    "an unknown kind": (3, b"x", 1002),
}


@pytest.mark.parametrize(("opcode", "data", "code"), FRAMES.values(), ids=FRAMES)
async def test_broken_frames_close(opcode: int, data: bytes, code: int, stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.token('partner1@demo.test')}"}
    with nothing_changes(stack):
        async with websockets.connect(f"{stack.ws_url}/partner/notification", additional_headers=headers) as line:
            assert json.loads(await line.recv())["type"] == "hello"
            header = bytes([0x80 | opcode]) + _length(len(data)) + b"\0\0\0\0"  # a mask of zeros changes nothing
            line.transport.write(header + data)
            async with asyncio.timeout(WITHIN_S):
                await line.wait_closed()
            assert line.close_code == code


def _length(count: int) -> bytes:
    if count < 126:
        return bytes([0x80 | count])
    return bytes([0x80 | 126]) + count.to_bytes(2, "big") if count < 2**16 else bytes([0xFF]) + count.to_bytes(8, "big")
