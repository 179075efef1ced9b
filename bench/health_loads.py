"""The loads that bear on a program while `bench.health` asks for its health."""

import asyncio
import json
import ssl
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

PASSWORD = "seventeen brass trombones"
# A proxy sets the second one itself.
HEADERS = "Host: cheers.example\r\nX-Forwarded-Proto: https\r\n"
CALLS_A_CONNECTION = 500  # nginx ends one after 1,000


@dataclass(frozen=True)
class Target:
    """The port that clients call: a server's, or a proxy's with its TLS."""

    port: int
    tls: ssl.SSLContext | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer. Returns its status and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


async def post(target: Target, path: str, body: dict[str, Any]) -> int:
    """Make a call on a connection of its own. Returns the status."""
    reader, writer = await target.connect()
    content = json.dumps(body)
    size = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    writer.write(f"POST {path} HTTP/1.1\r\n{HEADERS}{size}\r\n{content}".encode())
    try:
        return (await answer(reader))[0]
    finally:
        writer.close()


async def sign_up(target: Target, emails: list[str]) -> None:
    """Make these accounts."""
    for email in emails:
        status = await post(target, "/signup", {"email": email, "password": PASSWORD})
        if status != 201:
            raise SystemExit(f"/signup answers {status}.")


async def sign_ins(target: Target, emails: list[str]) -> str:
    """Sign in to all accounts together, every other one with a wrong password."""
    tries = ({"email": email, "password": PASSWORD + "x" * (n % 2)} for n, email in enumerate(emails))
    statuses = await asyncio.gather(*(post(target, "/login", body) for body in tries))
    return ", ".join(f"{times} × {status}" for status, times in sorted(Counter(statuses).items()))


async def half_sent(target: Target, clients: int, seconds: float) -> str:
    """Hold so many half-sent bodies; one that the server ends is sent again."""
    until = time.monotonic() + seconds
    ended = [0]

    async def hold() -> None:
        while time.monotonic() < until:
            reader, writer = await target.connect()
            writer.write(f"POST /login HTTP/1.1\r\n{HEADERS}Content-Length: 1000\r\n\r\n{{".encode())
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(max(0.0, until - time.monotonic())):
                    await reader.read(1)
                    ended[0] += 1
            writer.close()

    await asyncio.gather(*(hold() for _ in range(clients)))
    return f"{ended[0]} ended by the server and sent again"


async def crowd(target: Target, clients: int, seconds: float) -> str:
    """Have so many clients load `/schema` again and again."""
    until = time.monotonic() + seconds
    loaded: Counter[int] = Counter()

    async def load() -> None:
        while time.monotonic() < until:
            reader, writer = await target.connect()
            for _ in range(CALLS_A_CONNECTION):
                writer.write(f"GET /schema HTTP/1.1\r\n{HEADERS}\r\n".encode())
                loaded[(await answer(reader))[0]] += 1
            writer.close()

    await asyncio.gather(*(load() for _ in range(clients)))
    return ", ".join(f"{times} × {status}" for status, times in loaded.items()) + f" in {seconds:.0f} s"


async def quiet(seconds: float) -> str:
    """Do nothing."""
    await asyncio.sleep(seconds)
    return ""
