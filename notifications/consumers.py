"""The socket that every recipient kind shares: present state first, then every event in order, and commands.

A subclass names who may connect (`recipient_of`), the present state (`snapshot`) and its `commands`.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs
from uuid import uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from rest_framework.exceptions import ValidationError

from api.errors import error_body, service_error_body
from api.frames import error_frame
from api.parsers import MalformedJSON, loads
from notifications import selectors
from notifications.events import UNSEQUENCED, close_sockets, frame
from notifications.hub import hub, in_thread
from speedycheers.database import trouble_of
from speedycheers.errors import Invalid, ServiceError

log = logging.getLogger(__name__)

NOT_AUTHENTICATED, WRONG_ROLE, REPLACED, POLICY_VIOLATION = 4401, 4403, 4409, 1008
BAD_FRAMES_MAX, BAD_FRAMES_WINDOW_S = 20, 10.0
FRAMES_MAX, FRAMES_WINDOW_S = 1000, 10.0
DEVICE_MAX_CHARS = 64

Frame = dict[str, Any]
Command = Callable[[Any, Frame], Frame | None]


class Flood:
    """Whether more than `limit` things happened within `window_s` seconds."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit, self._window_s = limit, window_s
        self._times: deque[float] = deque(maxlen=limit + 1)

    def hit(self) -> bool:
        now = time.monotonic()
        self._times.append(now)
        return len(self._times) > self._limit and now - self._times[0] < self._window_s


class EventConsumer(AsyncWebsocketConsumer):
    """One connection of one recipient."""

    commands: ClassVar[Mapping[str, Command]] = {}
    silent_commands: ClassVar[frozenset[str]] = frozenset()  # answered only where they carry an id

    recipient = ""
    seen_seq = 0
    acked_seq = 0
    labels: dict[str, str]

    def recipient_of(self, user: Any) -> str | None:
        """The recipient that this account is on this socket; None where its role may not connect."""
        raise NotImplementedError

    def snapshot(self) -> Frame:
        """The present state, for `hello`. Runs in a thread."""
        raise NotImplementedError

    # ------------------------------------------------------------ coming and going

    async def connect(self) -> None:
        self._live = False
        self._behind = False
        self._sending = asyncio.Lock()
        self._bad, self._all = Flood(BAD_FRAMES_MAX, BAD_FRAMES_WINDOW_S), Flood(FRAMES_MAX, FRAMES_WINDOW_S)
        # Accepted even to be refused: a browser sees a close code only of an open socket.
        await self.accept()
        self.user = self.scope.get("user")
        if self.user is None:
            await self.close(code=NOT_AUTHENTICATED)
            return
        recipient = self.recipient_of(self.user)
        if recipient is None:
            await self.close(code=WRONG_ROLE)
            return
        self.recipient = recipient
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        self._label(query.get("device", [""])[0][:DEVICE_MAX_CHARS])
        await hub.add(self)
        await self._hello(query.get("after", [""])[0])

    def _label(self, device: str) -> None:
        self.labels = {
            "recipient": self.recipient,
            "connection": uuid4().hex,
            "credential": str(self.scope.get("credential") or ""),
            "user": str(self.user.pk),
        }
        if device:
            self.labels["device"] = device
            match = {key: self.labels[key] for key in ("recipient", "device")}
            asyncio.get_running_loop().run_in_executor(
                None, lambda: close_sockets(code=REPLACED, **match, **{"except": self.labels["connection"]})
            )

    async def _hello(self, after: str) -> None:
        async with self._sending:
            seq, state, missed = await in_thread(self._present)(
                int(after) if after.isascii() and after.isdecimal() and len(after) < 16 else None
            )
            hello = {"type": "hello", "seq": seq, "resumed": missed is not None, **state}
            await self._send_text(json.dumps(hello, separators=(",", ":")))
            for event in missed or []:
                await self._send_text(frame(event))
            self.seen_seq = seq
            self._live = True
        if self._behind:
            await self.catch_up()

    def _present(self, after: int | None) -> tuple[int, Frame, list[Any] | None]:
        # The number first: a state read later can only be newer, and its events follow.
        seq = selectors.last_seq(self.recipient)
        missed = None if after is None else selectors.replay(self.recipient, after, seq)
        return seq, self.snapshot(), missed

    async def disconnect(self, code: int) -> None:
        hub.remove(self)

    # ------------------------------------------------------------ events out

    async def deliver(self, seq: int, text: str) -> None:
        """Send one pushed frame, in order: drop what was sent, fetch what is missing in between."""
        if seq == UNSEQUENCED:
            if self._live:
                await self._send_text(text)
        elif not self._live or self._sending.locked():
            self._behind = True
        elif seq == self.seen_seq + 1:
            self.seen_seq = seq
            await self._send_text(text)
        elif seq > self.seen_seq:
            asyncio.create_task(self.catch_up())  # noqa: RUF006  # the lock keeps it from piling up

    async def catch_up(self) -> None:
        """Send every event of the log after the last one sent."""
        async with self._sending:
            while self._live:
                self._behind = False
                events = await in_thread(selectors.events_after)(self.recipient, self.seen_seq)
                for event in events:
                    await self._send_text(frame(event))
                    self.seen_seq = event.seq
                if not events and not self._behind:
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
        if size > settings.SOCKET_MAX_FRAME_BYTES or self._all.hit():
            await self.close(code=POLICY_VIOLATION)
            return
        content: Frame = {}
        try:
            content = parse_frame(text_data)
            await self._run(frame_type(content), content)
        except ServiceError as error:
            await self._refuse(content, error_body(error.code, error.detail, error.attr), malformed=error.status == 400)
        except ValidationError as error:
            await self._refuse(content, error_frame(error), malformed=True)
        except Exception as error:
            if (trouble := trouble_of(error)) is not None:
                await self._refuse(content, service_error_body(trouble), malformed=False)
                return
            log.exception("a %s frame failed", content.get("type"))
            body = error_body("error", "Something went wrong on our side.", type="server_error")
            await self._refuse(content, body, malformed=False)

    async def _run(self, kind: str, content: Frame) -> None:
        if kind == "ping":
            await self._reply(content, {"type": "pong"})
        elif kind == "ack":
            self._acknowledge(content.get("seq"))
        elif command := self.commands.get(kind):
            result = await in_thread(command)(self.user, {k: v for k, v in content.items() if k not in ("type", "id")})
            if "id" in content or kind not in self.silent_commands:
                await self._reply(content, {"type": "answer", "command": kind, **(result or {})})
        else:
            known = ", ".join(["ack", "ping", *self.commands])
            raise Invalid("unknown_type", f"Unknown frame type; known are {known}.", "type")

    def _acknowledge(self, seq: Any) -> None:
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= self.seen_seq:
            raise Invalid("invalid", "seq is the number of an event that this socket has sent.", "seq")
        self.acked_seq = max(self.acked_seq, seq)

    async def _reply(self, content: Frame, body: Frame) -> None:
        if "id" in content:
            body = {**body, "id": content["id"]}
        await self.answer(body)

    async def _refuse(self, content: Frame, body: Frame, *, malformed: bool) -> None:
        await self._reply(content, body)
        if malformed and self._bad.hit():
            await self.close(code=POLICY_VIOLATION)


def parse_frame(text: str | None) -> Frame:
    """A client's frame as a dict with, if any, a short `id`. Raises `Invalid`."""
    if text is None:
        raise Invalid("invalid", "Send text frames.")
    try:
        content = loads(text)
    except MalformedJSON as error:
        raise Invalid("parse_error", str(error)) from None
    if not isinstance(content, dict):
        raise Invalid("invalid", "A frame is one JSON object.")
    frame_id = content.get("id")
    if isinstance(frame_id, bool) or not isinstance(frame_id, str | int | None) or len(str(frame_id)) > 64:
        raise Invalid("invalid", "An id is a string or an integer of at most 64 characters.", "id")
    return content


def frame_type(content: Frame) -> str:
    """What a frame asks for. Raises `Invalid`."""
    kind = content.get("type")
    if not isinstance(kind, str):
        raise Invalid("required", "A frame needs a type.", "type")
    return kind
