"""The socket for all kinds of recipients: it sends the present state, then every event in order.

A subclass defines who may connect (`recipient_of`), the present state (`snapshot`) and its `commands`.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from django.db import Error

from core import clock, come_again
from core.database import trouble_of
from core.errors import Invalid
from core.metrics import FRAME
from core.security_log import record
from notifications import selectors
from notifications.commands import CommandConsumer
from notifications.credentials import Admitted
from notifications.events import UNSEQUENCED, close_sockets, frame
from notifications.frames import Frame
from notifications.hub import hub
from notifications.models import Stream
from notifications.threads import in_thread

log = logging.getLogger(__name__)

NOT_AUTHENTICATED, WRONG_ROLE, REPLACED, TRY_AGAIN_LATER = 4401, 4403, 4409, 1013
DEVICE_MAX_CHARS = 64
FULL_S = 30.0  # after which a client of a full process should come again
UNSENT_MAX = 64  # frames queued for a socket whose server takes them one by one; later ones are read from the log
CATCH_UP_EVENTS = 100  # read from the log in one query

Present = tuple[Stream, Frame, list[Any] | None]  # where the log stands, the state, and the events asked for


class EventConsumer(CommandConsumer):
    """One connection of one recipient."""

    # Events come from the hub; a channel layer would add a subscription and a queue for each socket.
    channel_layer_alias = "none"

    seen_seq = seen_epoch = 0  # of the newest event sent
    labels: dict[str, str]

    def recipient_of(self, user: Any) -> str | None:
        """Return this account's recipient; None if its role may not connect to this socket. Runs in a thread."""
        raise NotImplementedError

    def snapshot(self, *, account_is_new: bool) -> Frame:
        """Return the present state, for `hello`. Runs in a thread.

        Args:
            account_is_new: `user`, with their partner, is as new as the number that `hello` gives.
        """
        raise NotImplementedError

    # ------------------------------------------------------------ connecting and disconnecting

    async def connect(self) -> None:
        self._live = False
        self._behind = False
        self._sending = asyncio.Lock()
        self._unsent: list[str] = []
        # Writes a frame to daphne's socket immediately; False if the peer reads too slowly (runner/protocols.py).
        self._write_at_once: Callable[[str], bool] | None = self.scope.get("extensions", {}).get("speedycheers.write")
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        after, epoch = (query.get(name, [""])[0] for name in ("after", "epoch"))
        begun = time.monotonic()
        admitted, present, wait_s = None, None, FULL_S
        if not hub.full:
            try:
                admitted, present = await in_thread(self._enter, trusting=True)(after, epoch)
            except Error as error:
                if (trouble := trouble_of(error)) is None:
                    raise
                wait_s = trouble.wait_s
        # Accept even a socket that will be refused: a browser sees the close code only of an open one.
        await self.accept()
        if admitted is None or admitted.wait_s is not None:
            wait_s = wait_s if admitted is None else admitted.wait_s
            await self.close(code=TRY_AGAIN_LATER, reason=come_again.reason(wait_s))
        elif admitted.user is None:
            await self.close(code=NOT_AUTHENTICATED)
        elif present is None:
            record("socket", "refused", account=self._account, code=str(WRONG_ROLE))
            await self.close(code=WRONG_ROLE)
        else:
            self.scope["language"] = admitted.language
            self._label(admitted.credential, query.get("device", [""])[0][:DEVICE_MAX_CHARS])
            await hub.add(self, since=begun)
            await self._hello(after, *present)
            self.lag(hub.newest(self.recipient, since=begun))

    def _enter(self, after: str, epoch: str) -> tuple[Admitted, Present | None]:
        """Check the handshake and read the present state, which is None for those who are refused."""
        admitted: Admitted = self.scope["admit"]()
        self.user = admitted.user
        recipient = None
        if admitted.user is not None and admitted.wait_s is None:
            recipient = self.recipient_of(admitted.user)
        if recipient is None:
            return admitted, None
        self.recipient = recipient
        stream = admitted.stream
        if stream is not None and stream.recipient != recipient:
            stream = None
        return admitted, self._present(after, epoch, stream)

    def _label(self, credential: str, device: str) -> None:
        self.labels = {
            "recipient": self.recipient,
            "connection": uuid4().hex,
            "credential": credential,
            "user": str(self.user.pk),
        }
        if device:
            self.labels["device"] = device
            match = {key: self.labels[key] for key in ("recipient", "device")}
            asyncio.get_running_loop().run_in_executor(
                None, lambda: close_sockets(code=REPLACED, **match, **{"except": self.labels["connection"]})
            )

    async def _hello(self, after: str, stream: Stream, state: Frame, missed: list[Any] | None) -> None:
        async with self._sending:
            if missed is not None and (read := number_in(after)) is not None:
                # An acknowledgement may have been lost with its socket.
                hub.acknowledge(self.recipient, read, stream.epoch)
            await self._send_present(stream, state, missed)
            self._live = True
        if self._behind:
            await self.catch_up()

    async def _send_present(self, stream: Stream, state: Frame, missed: list[Any] | None) -> None:
        seq, epoch = stream.last_seq, stream.epoch
        hello = {"type": "hello", "seq": seq, "epoch": str(epoch), "resumed": missed is not None, **state}
        await self._send_text(json.dumps(hello, separators=(",", ":")))
        for event in missed or []:
            await self._send_text(frame(event))
        self.seen_seq, self.seen_epoch = seq, epoch

    def _present(self, after: str = "", epoch: str = "", with_account: Stream | None = None) -> Present:
        # Read the number first, or with the account: a state read later can only be newer, and its events follow.
        stream = with_account or selectors.stream_of(self.recipient)
        from_seq = stream.acked_seq if after == "acked" else number_in(after)
        missed = None if from_seq is None else selectors.replay(stream, from_seq, number_in(epoch) or 0)
        return stream, self.snapshot(account_is_new=with_account is not None), missed

    async def disconnect(self, code: int) -> None:
        self._live = False
        hub.remove(self)

    # ------------------------------------------------------------ events out

    def deliver(self, seq: int, text: str, epoch: int = 0) -> bool:
        """Send one pushed frame in order, without waiting: drop one already sent, and fetch missing ones from the log.

        Returns whether it was sent.

        Frames that a slow reader has no room for are not kept here: the socket catches up from the log. So it does with
        the first frame of another epoch, whose number may have been given before.
        """
        busy = not self._live or self._sending.locked()
        if seq == UNSEQUENCED:
            return not busy and self._write(text)
        if busy:
            self._behind = True
        elif not selectors.same_epoch(epoch, self.seen_epoch):
            self._fetch()
        elif seq == self.seen_seq + 1 and self._write(text):
            self.seen_seq, self.seen_epoch = seq, epoch or self.seen_epoch
            return True
        elif seq > self.seen_seq:
            self._fetch()
        return False

    def lag(self, newest: int) -> None:
        """Catch up with the log if its newest event has not been sent."""
        if self._live and newest > self.seen_seq and not self._sending.locked():
            self._fetch()

    def compare(self, newest: int, epoch: int) -> None:
        """Catch up if the log does not end with the event sent last: it may lack that one after a failover."""
        if (newest, epoch) == (self.seen_seq, self.seen_epoch):
            return
        if self._live and not self._sending.locked():
            self._fetch()
        else:
            self._behind = True

    def _fetch(self) -> None:
        if not self._behind:
            self._behind = True
            hub.start(self.catch_up())

    def _write(self, text: str) -> bool:
        """Hand one frame to the server without waiting; returns False if it has no room."""
        if self._write_at_once is not None:
            return self._write_at_once(text)
        if len(self._unsent) >= UNSENT_MAX:
            return False
        self._unsent.append(text)
        if len(self._unsent) == 1:
            hub.start(self._send_unsent())
        return True

    async def _send_unsent(self) -> None:
        async with self._sending:
            await self._flush()
        if self._behind:
            await self.catch_up()

    async def _flush(self) -> None:
        while self._unsent:
            await self._send_text(self._unsent[0])
            del self._unsent[0]

    async def catch_up(self) -> None:
        """Send every event of the log after the last one sent, as fast as the peer reads.

        If a failover has lost the last one sent, the peer gets `hello` with the present state again.
        """
        async with self._sending:
            try:
                await self._flush()
                while self._live:
                    self._behind = False
                    if await self._send_more() and not self._behind:
                        return
            finally:
                # If the database goes away meanwhile, the next event or comparison starts it again.
                self._behind = False

    async def _send_more(self) -> bool:
        """Send some events of the log after the last one sent, or the present state; returns whether that was all."""
        seen = (self.recipient, self.seen_seq, self.seen_epoch)
        events = await in_thread(selectors.events_after)(*seen, CATCH_UP_EVENTS)
        if events is None:
            log.info("a socket begins anew: the log lacks what it was sent, as after a failover")
            await self._send_present(*await in_thread(self._present)())
            return False
        for event in events:
            await self._send_text(frame(event))
            self.seen_seq, self.seen_epoch = event.seq, event.epoch
            FRAME.observe((clock.now() - event.created_at).total_seconds(), "read")
        return len(events) < CATCH_UP_EVENTS

    async def _send_text(self, text: str) -> None:
        await self.send(text_data=text)

    async def answer(self, body: Frame) -> None:
        """Send one unsequenced frame."""
        await self._send_text(json.dumps(body, separators=(",", ":")))

    def acknowledge(self, seq: Any) -> None:
        """Note that the client has read up to an event. Raises `Invalid`."""
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= self.seen_seq:
            raise Invalid("invalid", "seq is the number of an event that this socket has sent.", "seq")
        hub.acknowledge(self.recipient, seq, self.seen_epoch)


def number_in(after: str) -> int | None:
    """Parse the number of an event, or an epoch; returns None for any other text."""
    return int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None
