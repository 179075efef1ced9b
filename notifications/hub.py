"""This process's sockets by recipient, fed by one Valkey subscription.

Channels' groups are not used: a call costs 5 to 11 ms, and frames get lost (bench/delivery.py measures both).

A push can get lost (Valkey restarts, a process dies between commit and publish). Therefore the sweep publishes the
newest sequence numbers (`heads`) once a second, and sockets that are behind fetch the rest. While the hub receives
no heads, because Valkey or the sweep is down, it reads the log itself, so no event is missed.
"""

import asyncio
import contextlib
import contextvars
import json
import logging
import sys
import time
from collections import defaultdict, deque
from collections.abc import Coroutine
from typing import Any, Protocol

import redis.asyncio
from django.conf import settings

from core import clock, valkey
from core.database import trouble_of
from core.metrics import FRAME
from notifications import credentials, selectors, services
from notifications.events import CLOSE, EPOCH, EVERYONE, HEADS, PUSH_CHANNEL
from notifications.threads import in_thread

log = logging.getLogger(__name__)

COMPARE_EVERY_S = 1.0
HEADS_SILENCE_S = 3.0  # without heads for this time, the hub compares its sockets with the log itself
COMPARE_ANYWAY_S = 60.0
REST = 20  # times as long as a look at a crowd's credentials has taken, until the next one
ORDERS_MISSED_S = 5.0  # after a subscription, because a process that has failed to publish pauses for a second
ACKS_EVERY_S = 0.25
RECONNECT_AFTER_S = 0.5
STOP_AGAIN_S = 0.1
SILENCE_MAX_S = 5.0  # then a ping checks whether the subscription still works
ORDERS_KEPT_S = 10.0  # longer than a handshake takes from checking a credential to joining the hub
REPLACED, ENDED = 4409, 4401  # close codes: a newer socket has replaced this one, its credential has ended


class Socket(Protocol):
    """The interface of a connection that the hub uses."""

    recipient: str
    labels: dict[str, str]

    def deliver(self, seq: int, text: str, epoch: int = 0) -> bool: ...
    def lag(self, newest: int) -> None: ...
    def compare(self, newest: int, epoch: int) -> None: ...
    async def close(self, code: int | None = None, reason: str | None = None) -> None: ...


class Hub:
    """All sockets of this process, by recipient."""

    def __init__(self) -> None:
        self._sockets: dict[str, dict[Socket, None]] = defaultdict(dict)  # oldest first
        self._tasks: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[Any]] = set()
        self._acks: dict[str, tuple[int, int]] = {}  # the number and the epoch, by recipient
        self._orders: deque[tuple[float, dict[str, Any]]] = deque()
        self._heads_at = self._compared_at = float("-inf")
        self._orders_missed_until = float("inf")  # until then, orders to close sockets may get lost
        self._credentials_at, self._credentials_took_s = time.monotonic(), 0.0
        self._count = self._server_epoch = 0  # the epoch as the sweep has told it
        # The newest number pushed to each recipient lately, whether or not they had a socket, in two spans of time.
        self._pushed: tuple[dict[str, int], dict[str, int]] = ({}, {})
        self._spans_from = (float("-inf"), float("-inf"))

    async def add(self, socket: Socket, *, since: float = 0.0) -> None:
        """Deliver to this socket from now on. `since`: when its credential was checked (`time.monotonic()`).

        Orders to close that arrived since then could not find this socket yet, and are carried out now.
        """
        await self._make_room(socket.recipient)
        self._sockets[socket.recipient][socket] = None
        self._count += 1
        if not self._tasks:
            own = contextvars.Context()  # not the first socket's, whose ids its log lines carry
            runs = (self._listen, self._compare, self._write_acks)
            self._tasks = [asyncio.create_task(run(), context=own) for run in runs]
        for at, order in self._orders:
            if at >= since:
                await self._close_matching([socket], order)

    async def _make_room(self, recipient: str) -> None:
        """Close the oldest sockets, the likeliest to be forgotten, to stay within `SOCKETS_PER_ACCOUNT`."""
        sockets = self._sockets.get(recipient, {})
        for oldest in list(sockets)[: max(0, len(sockets) + 1 - settings.SOCKETS_PER_ACCOUNT)]:
            self.remove(oldest)
            with contextlib.suppress(Exception):
                await oldest.close(code=REPLACED)

    def newest(self, recipient: str, *, since: float) -> int:
        """Return the number of a recipient's newest event pushed since then, or a higher one if that is not known."""
        if since < self._spans_from[1]:
            return sys.maxsize
        return max(span.get(recipient, 0) for span in self._pushed)

    def _note_pushed(self, recipient: str, seq: int) -> None:
        now = time.monotonic()
        if now - self._spans_from[0] > ORDERS_KEPT_S:
            self._pushed, self._spans_from = ({}, self._pushed[0]), (now, self._spans_from[0])
        self._pushed[0][recipient] = max(seq, self._pushed[0].get(recipient, 0))

    def remove(self, socket: Socket) -> None:
        """Deliver nothing more to this socket."""
        sockets = self._sockets.get(socket.recipient)
        if sockets is not None:
            self._count -= socket in sockets
            sockets.pop(socket, None)
            if not sockets:
                del self._sockets[socket.recipient]

    @property
    def full(self) -> bool:
        """Whether this process has as many sockets as it may have."""
        return self._count >= settings.SOCKETS_MAX

    def all(self) -> list[Socket]:
        """Return every socket of this process."""
        return [socket for sockets in self._sockets.values() for socket in sockets]

    async def stop(self) -> None:
        """Cancel the hub's tasks until all have ended; redis-py's `wait_for` may lose a cancellation (Python 3.11)."""
        waiting = {task for task in self._tasks if not task.done()}
        while waiting:
            for task in waiting:
                task.cancel()
            _, waiting = await asyncio.wait(waiting, timeout=STOP_AGAIN_S)
        self._tasks = []

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` in the background; errors are logged."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and trouble_of(error) is None:  # else it catches up once the database is back
            log.error("a socket could not be served", exc_info=error)

    def acknowledge(self, recipient: str, seq: int, epoch: int) -> None:
        """Note that a socket whose newest event is of this epoch has read up to `seq`; stored within `ACKS_EVERY_S`."""
        noted, its_epoch = self._acks.get(recipient, (0, epoch))
        self._acks[recipient] = (max(noted, seq) if its_epoch == epoch else seq, epoch)

    # ------------------------------------------------------------ pushed messages

    async def _listen(self) -> None:
        while True:
            try:
                async with valkey.subscriber() as client, client.pubsub() as subscription:
                    await subscription.subscribe(PUSH_CHANNEL)
                    self._orders_missed_until = time.monotonic() + ORDERS_MISSED_S
                    await self._follow(subscription)
            except (redis.asyncio.RedisError, OSError, TimeoutError) as error:
                log.warning("no push from Valkey (%s); sockets follow the log meanwhile", type(error).__name__)
            except Exception:
                log.exception("a pushed message could not be delivered")
            self._heads_at, self._orders_missed_until = float("-inf"), float("inf")
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _follow(self, subscription: Any) -> None:
        """Dispatch the messages that arrive. Raises `TimeoutError` if a silent connection turns out to be dead."""
        asked = False
        while True:
            message = await subscription.get_message(timeout=SILENCE_MAX_S)
            if message is not None:
                asked = False
                if message["type"] == "message":
                    await self._dispatch(message["data"].decode())
            elif asked:
                raise TimeoutError
            else:
                asked = True
                await subscription.ping()

    async def _dispatch(self, message: str) -> None:
        lines, epoch, written_ms = iter(message.split("\n")), 0, 0
        for header, text in zip(lines, lines, strict=False):
            recipient, _, seq = header.partition(" ")
            if recipient == EPOCH:
                epoch, written_ms = int(text), int(seq)
            elif recipient == HEADS:
                self._heads_at = time.monotonic()
                self._compare_with(json.loads(text))
                self._note_server(epoch)
            elif recipient == CLOSE:
                await self._obey(json.loads(text))
            else:
                number = int(seq)
                self._note_pushed(recipient, number)
                for socket in self._addressed(recipient):
                    try:
                        if socket.deliver(number, text, epoch) and written_ms:
                            FRAME.observe(clock.now().timestamp() - written_ms / 1000, "pushed")
                    except Exception:  # one broken socket must not keep the frame from the others
                        log.exception("a frame could not be delivered")

    def _note_server(self, epoch: int) -> None:
        """Have all sockets compared with the log if another server has taken over: it may lack what they were sent."""
        if epoch != self._server_epoch:
            self._server_epoch, self._compared_at = epoch, float("-inf")

    def _addressed(self, recipient: str) -> list[Socket]:
        """Return the sockets of a recipient, or of all recipients of a kind."""
        if not recipient.endswith(EVERYONE):
            return list(self._sockets.get(recipient, ()))
        kind = recipient.removesuffix(EVERYONE)
        return [socket for name, sockets in self._sockets.items() if name.startswith(kind) for socket in sockets]

    async def _obey(self, order: dict[str, Any]) -> None:
        now = time.monotonic()
        while self._orders and now - self._orders[0][0] > ORDERS_KEPT_S:
            self._orders.popleft()
        if "except" not in order["match"]:  # an order from a newer connection must not close later ones
            self._orders.append((now, order))
        await self._close_matching(self.all(), order)

    async def _close_matching(self, sockets: list[Socket], order: dict[str, Any]) -> None:
        wanted = dict(order["match"])
        spare = wanted.pop("except", None)
        for socket in sockets:
            labels = socket.labels
            if labels.get("connection") != spare and all(labels.get(k) == v for k, v in wanted.items()):
                with contextlib.suppress(Exception):
                    await socket.close(code=order["code"])

    # ------------------------------------------------------------ lost messages, and acknowledgements

    async def _compare(self) -> None:
        """Compare the sockets with the log while no heads arrive, and every `COMPARE_ANYWAY_S` in any case."""
        while True:
            await asyncio.sleep(COMPARE_EVERY_S)
            now = time.monotonic()
            await self._end_with_credentials(now)
            if now - self._heads_at < HEADS_SILENCE_S and now - self._compared_at < COMPARE_ANYWAY_S:
                continue
            try:
                self._compared_at = now
                if recipients := list(self._sockets):
                    self._compare_in_full(await in_thread(selectors.last_seqs)(recipients))
            except Exception:
                self._compared_at = float("-inf")
                log.exception("sockets could not be compared with the log")

    async def _end_with_credentials(self, now: float) -> None:
        """Close sockets whose credential has ended, because the order to close them may have got lost.

        Runs while orders may get lost, once after that, and every `COMPARE_ANYWAY_S` in any case.
        """
        may_miss = self._credentials_at <= self._orders_missed_until
        if now - self._credentials_at < (REST * self._credentials_took_s if may_miss else COMPARE_ANYWAY_S):
            return
        try:
            sockets = [(socket, (socket.labels["credential"], socket.labels["user"])) for socket in self.all()]
            ended = await in_thread(credentials.ended)({shown for _, shown in sockets}) if sockets else set()
            self._credentials_at, self._credentials_took_s = now, time.monotonic() - now
        except Exception:
            log.exception("sockets could not be compared with their credentials")
            return
        for socket, shown in sockets:
            if shown in ended:
                with contextlib.suppress(Exception):
                    await socket.close(code=ENDED)

    def _compare_with(self, heads: dict[str, int]) -> None:
        for recipient, newest in heads.items():
            for socket in self._sockets.get(recipient, ()):
                socket.lag(newest)

    def _compare_in_full(self, newest: dict[str, tuple[int, int]]) -> None:
        for recipient, event in newest.items():
            for socket in self._sockets.get(recipient, ()):
                socket.compare(*event)

    async def _write_acks(self) -> None:
        while True:
            await asyncio.sleep(ACKS_EVERY_S)
            if not self._acks:
                continue
            acks, self._acks = self._acks, {}
            try:
                await in_thread(services.acknowledge)(acks)
            except Exception as error:
                log.warning("acknowledgements are not stored yet: %s", type(error).__name__)
                newer, self._acks = self._acks, acks
                for recipient, ack in newer.items():
                    self.acknowledge(recipient, *ack)


hub = Hub()
