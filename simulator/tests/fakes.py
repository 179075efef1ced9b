"""Stand-ins for a server: HTTP answers by a function, and a socket server that says what it is told to."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
from websockets.asyncio.server import ServerConnection, serve

from simulator.accounts import Account, Keyring
from simulator.client import Api

Handler = Callable[[httpx.Request], httpx.Response]
Talk = Callable[[ServerConnection], Awaitable[None]]


class NoDelay(Random):
    """Random numbers that make every jittered wait as short as can be."""

    def uniform(self, a: float, b: float) -> float:
        return a


def api_of(handler: Handler, server: str = "http://server.test") -> Api:
    """An API answered by a function."""
    return Api(server, rng=NoDelay(), transport=httpx.MockTransport(handler))


def error(status: int, code: str, **headers: str) -> httpx.Response:
    """An answer in the API's error shape."""
    body = {"type": "client_error", "errors": [{"code": code, "detail": "", "attr": None}]}
    return httpx.Response(status, json=body, headers=headers)


def signed_in(api: Api, token: str = "good") -> Account:
    """An account that holds a token."""
    keyring = Keyring(None, api.server)
    keyring.remember("bot-1@bots.test", token)
    return Account(api, keyring, email="bot-1@bots.test", name="Bot", password="secret")


@asynccontextmanager
async def socket_server(*talks: Talk) -> AsyncIterator[tuple[str, list[ServerConnection]]]:
    """A socket server whose connections are handled by one talk after another; gives its URL and the connections."""
    connections: list[ServerConnection] = []

    async def handle(connection: ServerConnection) -> None:
        connections.append(connection)
        await talks[min(len(connections), len(talks)) - 1](connection)

    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", connections


def hello(seq: int, *, resumed: bool = False, **state: Any) -> str:
    """The first frame of a connection."""
    return json.dumps({"type": "hello", "seq": seq, "resumed": resumed, **state})


def event(seq: int, type: str = "thing", **payload: Any) -> str:
    """A numbered frame."""
    return json.dumps({"type": type, "seq": seq, **payload})


async def soon(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for a condition; fails where it does not come about."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # what a test waits for has no event
            await asyncio.sleep(0.005)


def no_errors() -> Counter[str]:
    """An empty count."""
    return Counter()
