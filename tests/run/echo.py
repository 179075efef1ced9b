"""A client of the server that echoes, by HTTP and by bare sockets."""

import base64
import http.client
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
