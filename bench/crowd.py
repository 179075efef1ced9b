"""A crowd of raw sockets in one process, cheap enough not to distort what it measures."""

import base64
import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Sequence

PING, PONG, TEXT, CLOSE = 0x89, 0x8A, 0x81, 0x88
MASKED = 0x80
HANDSHAKE_S = 30.0
AT_ONCE = 50  # concurrent handshakes


class Member:
    """One socket, with its unparsed bytes, its count of text frames, the last of them, and a close frame's content."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.held = b""
        self.frames = 0
        self.last: bytes = b""
        self.closed: tuple[int, str] | None = None  # code and reason

    def take(self, data: bytes) -> int:
        """Parse received bytes: count their text frames and answer pings. Returns the count."""
        held, at, counted = self.held + data, 0, 0
        while len(held) - at >= 2:
            opcode, length, start = held[at], held[at + 1], at + 2
            if length == 126:
                if len(held) - at < 4:
                    break
                length, start = struct.unpack_from("!H", held, at + 2)[0], at + 4
            elif length == 127:
                if len(held) - at < 10:
                    break
                length, start = struct.unpack_from("!Q", held, at + 2)[0], at + 10
            if len(held) < start + length:
                break
            if opcode == PING:
                self.link.send(bytes([PONG, MASKED | length]) + b"\0\0\0\0" + held[start : start + length])
            elif opcode == TEXT:
                counted += 1
                self.last = held[start : start + length]
            elif opcode == CLOSE:
                payload = held[start : start + length]
                self.closed = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
            at = start + length
        self.held = held[at:]
        self.frames += counted
        return counted


class Crowd:
    """Sockets that count their frames in a thread of their own and answer every ping."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.members: list[Member] = []
        self.received = 0
        self.changed = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._stop = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    @staticmethod
    def is_listening(port: int) -> bool:
        """Whether a server accepts connections on this port."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    def join(self, paths: Sequence[str], headers: Sequence[str]) -> None:
        """Open a socket for each path, with one header line each, and start counting."""
        for start in range(0, len(paths), AT_ONCE):
            batch = range(start, min(start + AT_ONCE, len(paths)))
            links = [self._ask(paths[n], headers[n]) for n in batch]
            for link in links:
                self._add(link)
        if not self._thread.is_alive():
            self._thread.start()

    def _ask(self, path: str, header: str) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=HANDSHAKE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *([header] if header else []),
        ]
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        return link

    def _add(self, link: socket.socket) -> None:
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += link.recv(4096)
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise SystemExit(f"The handshake was refused: {head[:200]!r}")
        link.setblocking(False)
        member = Member(link)
        self.members.append(member)
        self.received += member.take(rest)
        self._selector.register(link, selectors.EVENT_READ, member)

    def _read(self) -> None:
        while not self._stop:
            arrived = 0
            for key, _ in self._selector.select(0.2):
                try:
                    data = key.data.link.recv(262144)
                except BlockingIOError:
                    continue
                if not data:
                    raise SystemExit("A socket was closed by the server.")
                arrived += key.data.take(data)
            if arrived:
                with self.changed:
                    self.received += arrived
                    self.changed.notify_all()

    def wait_for(self, count: int, timeout_s: float) -> None:
        """Wait until `count` text frames have arrived in all. Raises `TimeoutError`."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.received >= count, timeout_s):
                raise TimeoutError(f"{self.received} of {count} frames after {timeout_s:g} s")

    def leave(self) -> None:
        """Close every socket."""
        self._stop = True
        if self._thread.is_alive():
            self._thread.join()
        for member in self.members:
            member.link.close()
        self._selector.close()
        time.sleep(0.2)
