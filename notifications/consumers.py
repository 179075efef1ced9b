"""The socket for all kinds of recipients: it sends the present state, then every event in order, and runs commands.

A subclass defines who may connect (`recipient_of`), the present state (`snapshot`) and its `commands`.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs
from uuid import uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation
from rest_framework.exceptions import ValidationError

from api.errors import error_body, service_error_body
from api.frames import error_frame
from core import come_again
from core.database import trouble_of
from core.errors import Invalid, ServiceError
from core.security_log import record
from notifications import limits, selectors
from notifications.credentials import Admitted
from notifications.events import UNSEQUENCED, close_sockets, frame
from notifications.frames import Frame, frame_type, parse_frame
from notifications.hub import hub
from notifications.threads import in_thread

log = logging.getLogger(__name__)

NOT_AUTHENTICATED, WRONG_ROLE, REPLACED, POLICY_VIOLATION, TRY_AGAIN_LATER = 4401, 4403, 4409, 1008, 1013
DEVICE_MAX_CHARS = 64
FULL_S = 30.0  # after which a client of a full process should come again
UNSENT_MAX = 64  # frames queued for a socket whose server takes them one by one; later ones are read from the log
CATCH_UP_EVENTS = 100  # read from the log in one query

Present = tuple[int, Frame, list[Any] | None]  # the newest number, the state, and the events asked for
Command = Callable[[Any, Frame], Frame | None]


class EventConsumer(AsyncWebsocketConsumer):
    """One connection of one recipient."""

    commands: ClassVar[Mapping[str, Command]] = {}
    silent_commands: ClassVar[frozenset[str]] = frozenset()  # answered only if they carry an id
    command_rates: ClassVar[Mapping[str, str]] = {}  # names of rates; "command" for those that are not here

    # Events come from the hub; a channel layer would add a subscription and a queue for each socket.
    channel_layer_alias = "none"

    recipient = ""
    seen_seq = 0
    labels: dict[str, str]

    @property
    def _account(self) -> str:
        return str(getattr(self.user, "pk", ""))

    def recipient_of(self, user: Any) -> str | None:
        """Return this account's recipient; None if its role may not connect to this socket. Runs in a thread."""
        raise NotImplementedError

    def snapshot(self) -> Frame:
        """Return the present state, for `hello`. Runs in a thread."""
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
        after, begun = query.get("after", [""])[0], time.monotonic()
        admitted, present = (None, None) if hub.full else await in_thread(self._enter, trusting=True)(after)
        # Accept even a socket that will be refused: a browser sees the close code only of an open one.
        await self.accept()
        if admitted is None or admitted.wait_s is not None:
            wait_s = FULL_S if admitted is None else admitted.wait_s
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

    def _enter(self, after: str) -> tuple[Admitted, Present | None]:
        """Check the handshake and read the present state, which is None for those who are refused."""
        admitted: Admitted = self.scope["admit"]()
        self.user = admitted.user
        recipient = None
        if admitted.user is not None and admitted.wait_s is None:
            recipient = self.recipient_of(admitted.user)
        if recipient is None:
            return admitted, None
        self.recipient = recipient
        return admitted, self._present(after)

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

    async def _hello(self, after: str, seq: int, state: Frame, missed: list[Any] | None) -> None:
        async with self._sending:
            if missed is not None and (read := number_in(after)) is not None:
                hub.acknowledge(self.recipient, read)  # an acknowledgement may have been lost with its socket
            hello = {"type": "hello", "seq": seq, "resumed": missed is not None, **state}
            await self._send_text(json.dumps(hello, separators=(",", ":")))
            for event in missed or []:
                await self._send_text(frame(event))
            self.seen_seq = seq
            self._live = True
        if self._behind:
            await self.catch_up()

    def _present(self, after: str) -> Present:
        # Read the number first: a state read later can only be newer, and its events follow.
        seq, acked = selectors.last_and_acked(self.recipient)
        from_seq = acked if after == "acked" else number_in(after)
        missed = None if from_seq is None else selectors.replay(self.recipient, from_seq, seq)
        return seq, self.snapshot(), missed

    async def disconnect(self, code: int) -> None:
        self._live = False
        hub.remove(self)

    # ------------------------------------------------------------ events out

    def deliver(self, seq: int, text: str) -> None:
        """Send one pushed frame in order, without waiting: drop one already sent, and fetch missing ones from the log.

        Frames that a slow reader has no room for are not kept here: the socket catches up from the log.
        """
        busy = not self._live or self._sending.locked()
        if seq == UNSEQUENCED:
            if not busy:
                self._write(text)
        elif busy:
            self._behind = True
        elif seq == self.seen_seq + 1 and self._write(text):
            self.seen_seq = seq
        elif seq > self.seen_seq:
            self._fetch()

    def lag(self, newest: int) -> None:
        """Catch up with the log if its newest event has not been sent."""
        if self._live and newest > self.seen_seq and not self._sending.locked():
            self._fetch()

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
        """Send every event of the log after the last one sent, as fast as the peer reads."""
        async with self._sending:
            await self._flush()
            while self._live:
                self._behind = False
                events = await in_thread(selectors.events_after)(self.recipient, self.seen_seq, CATCH_UP_EVENTS)
                for event in events:
                    await self._send_text(frame(event))
                    self.seen_seq = event.seq
                if len(events) < CATCH_UP_EVENTS and not self._behind:
                    return

    async def _send_text(self, text: str) -> None:
        await self.send(text_data=text)

    async def answer(self, body: Frame) -> None:
        """Send one unsequenced frame."""
        await self._send_text(json.dumps(body, separators=(",", ":")))

    # ------------------------------------------------------------ frames in

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.recipient:
            return
        size = len(bytes_data or b"") if text_data is None else len(text_data.encode("utf-8", "surrogatepass"))
        if size > settings.SOCKET_MAX_FRAME_BYTES or limits.too_many_frames(self._account):
            await self.close(code=POLICY_VIOLATION)
            return
        content: Frame = {}
        try:
            content = parse_frame(text_data)
            await self._run(frame_type(content), content)
        except ServiceError as error:
            await self._refuse(content, self._localized(error), malformed=error.status == 400)
        except ValidationError as error:
            await self._refuse(content, error_frame(error), malformed=True)
        except Exception as error:
            if (trouble := trouble_of(error)) is not None:
                await self._refuse(content, self._localized(trouble), malformed=False)
                return
            log.exception("a %s frame failed", content.get("type"))
            body = error_body("error", "Something went wrong on our side.", type="server_error")
            await self._refuse(content, body, malformed=False)

    def _localized(self, error: ServiceError) -> Frame:
        """Return the body of an error, in the reader's language."""
        with translation.override(self.scope.get("language", settings.LANGUAGE_CODE)):
            return service_error_body(error)

    async def _run(self, kind: str, content: Frame) -> None:
        if kind == "ping":
            await self._reply(content, {"type": "pong"})
        elif kind == "ack":
            self._acknowledge(content.get("seq"))
        elif command := self.commands.get(kind):
            rate = self.command_rates.get(kind, "command")
            limits.count_command(rate, self._account)
            data = {key: value for key, value in content.items() if key not in ("type", "id")}
            result = await in_thread(self._obey)(command, rate, data, everywhere=kind not in self.silent_commands)
            if "id" in content or kind not in self.silent_commands:
                await self._reply(content, {"type": "answer", "command": kind, **(result or {})})
        else:
            known = ", ".join(["ack", "ping", *self.commands])
            raise Invalid("unknown_type", "Unknown frame type; known are %(known)s.", "type", known=known)

    def _obey(self, command: Command, rate: str, data: Frame, *, everywhere: bool) -> Frame | None:
        # Silent commands are the frequent ones, which a call of Valkey for each would slow down.
        if everywhere:
            limits.count_command_everywhere(rate, self._account)
        return command(self.user, data)

    def _acknowledge(self, seq: Any) -> None:
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= self.seen_seq:
            raise Invalid("invalid", "seq is the number of an event that this socket has sent.", "seq")
        hub.acknowledge(self.recipient, seq)

    async def _reply(self, content: Frame, body: Frame) -> None:
        if "id" in content:
            body = {**body, "id": content["id"]}
        await self.answer(body)

    async def _refuse(self, content: Frame, body: Frame, *, malformed: bool) -> None:
        await self._reply(content, body)
        if not malformed:
            return
        if limits.too_many_bad_frames(self._account):
            await self.close(code=POLICY_VIOLATION)
        else:
            fields = [f"{error['attr'] or ''}:{error['code']}" for error in body["errors"]]
            record("frame", "refused", account=self._account, fields=fields)


def number_in(after: str) -> int | None:
    """Parse the number of an event; returns None for any other text."""
    return int(after) if after.isascii() and after.isdecimal() and len(after) < 16 else None
