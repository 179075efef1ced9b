"""This process's sockets by recipient, fed by one Valkey subscription.

Why not Channels' groups: `async_to_sync(group_send)` costs 5 to 11 ms a call, and the Redis layers
delivered 3,000 to 5,000 frames/s where one subscription and a table delivered 50,000.

A push can get lost (Valkey restarts, a process dies between commit and publish). So every second
the hub compares each socket's place with the log and lets those that lag catch up: nothing is
missed, whatever happened to the hint.
"""

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import redis.asyncio
from channels.db import database_sync_to_async
from django.conf import settings

from notifications import selectors, services
from notifications.events import PUSH_CHANNEL

log = logging.getLogger(__name__)

COMPARE_EVERY_S = 1.0
RECONNECT_AFTER_S = 0.5
# Database work of sockets runs here; asgiref's default is a single thread for the whole process.
THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="socket-db")


def in_thread(function: Any) -> Any:
    """Make blocking code awaitable, on the sockets' own threads."""
    return database_sync_to_async(function, thread_sensitive=False, executor=THREADS)


class Socket(Protocol):
    """What the hub needs of a connection."""

    recipient: str
    seen_seq: int
    acked_seq: int
    labels: dict[str, str]

    async def deliver(self, seq: int, text: str) -> None: ...
    async def catch_up(self) -> None: ...
    async def close(self, code: int | None = None, reason: str | None = None) -> None: ...


class Hub:
    """The table of this process's sockets."""

    def __init__(self) -> None:
        self._sockets: dict[str, set[Socket]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = asyncio.Event()

    async def add(self, socket: Socket) -> None:
        """Deliver to this socket from now on."""
        self._sockets[socket.recipient].add(socket)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._compare())]

    def remove(self, socket: Socket) -> None:
        """Forget this socket."""
        sockets = self._sockets.get(socket.recipient)
        if sockets is not None:
            sockets.discard(socket)
            if not sockets:
                del self._sockets[socket.recipient]

    def all(self) -> list[Socket]:
        """Every socket of this process."""
        return [socket for sockets in self._sockets.values() for socket in sockets]

    async def _listen(self) -> None:
        while True:
            try:
                async with redis.asyncio.Redis.from_url(settings.REDIS_URL, health_check_interval=5) as client:
                    pubsub = client.pubsub(ignore_subscribe_messages=True)
                    await pubsub.subscribe(PUSH_CHANNEL)
                    async for message in pubsub.listen():
                        await self._dispatch(message["data"].decode())
            except (redis.asyncio.RedisError, OSError) as error:
                log.warning("no push from Valkey (%s); sockets follow the log meanwhile", type(error).__name__)
            except Exception:
                log.exception("a pushed message could not be delivered")
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _dispatch(self, message: str) -> None:
        header, _, text = message.partition("\n")
        recipient, _, seq = header.partition(" ")
        if recipient == "!":
            await self._close_matching(json.loads(text))
            return
        for socket in list(self._sockets.get(recipient, ())):
            with contextlib.suppress(Exception):  # one broken socket must not cost the others their frame
                await socket.deliver(int(seq), text)

    async def _close_matching(self, order: dict[str, Any]) -> None:
        wanted = order["match"]
        spare = wanted.pop("except", None)
        for socket in self.all():
            labels = socket.labels
            if labels.get("connection") != spare and all(labels.get(k) == v for k, v in wanted.items()):
                with contextlib.suppress(Exception):
                    await socket.close(code=order["code"])

    async def _compare(self) -> None:
        """Once a second: let sockets that lag behind the log catch up, and write down what was acknowledged."""
        while True:
            await asyncio.sleep(COMPARE_EVERY_S)
            sockets = self.all()
            if not sockets:
                continue
            try:
                newest = await in_thread(selectors.last_seqs)({socket.recipient for socket in sockets})
                for socket in sockets:
                    if newest.get(socket.recipient, 0) > socket.seen_seq:
                        await socket.catch_up()
                await self._write_acks(sockets)
            except Exception:
                log.exception("sockets could not be compared with the log")

    async def _write_acks(self, sockets: list[Socket]) -> None:
        acks: dict[str, int] = {}
        for socket in sockets:
            if socket.acked_seq:
                acks[socket.recipient] = max(acks.get(socket.recipient, 0), socket.acked_seq)
                socket.acked_seq = 0
        if acks:
            await in_thread(services.acknowledge)(acks)


hub = Hub()
