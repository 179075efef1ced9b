"""A socket's frames in: commands, acknowledgements and pings, with their limits and the one shape of errors."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation
from rest_framework.exceptions import ValidationError

from api.errors import error_body, service_error_body
from api.frames import error_frame
from core.database import trouble_of
from core.errors import Invalid, ServiceError
from core.security_log import record
from core.tracing import span
from notifications import limits
from notifications.frames import Frame, frame_type, parse_frame
from notifications.threads import in_thread

log = logging.getLogger(__name__)

POLICY_VIOLATION = 1008
Command = Callable[[Any, Frame], Frame | None]


class CommandConsumer(AsyncWebsocketConsumer):
    """A connection that takes frames from its client once it has a `recipient`."""

    commands: ClassVar[Mapping[str, Command]] = {}
    silent_commands: ClassVar[frozenset[str]] = frozenset()  # answered only if they carry an id
    command_rates: ClassVar[Mapping[str, str]] = {}  # names of rates; "command" for those that are not here

    groups = ()  # none; Channels would give each connection a list
    recipient = ""
    user: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a connection: its messages one after the other.

        Channels' own loop starts a task for each message and has a thread close old database connections before it.
        The jobs of notifications/threads.py close their own.
        """
        self.scope, self.base_send = scope, send
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.connect":
                await self.connect()
            else:
                await self.receive(message.get("text"), message.get("bytes"))
        await self.disconnect(message["code"])

    @property
    def _account(self) -> str:
        return str(getattr(self.user, "pk", ""))

    def acknowledge(self, seq: Any) -> None:
        """Note that the client has read up to an event. Raises `Invalid`."""
        raise NotImplementedError

    async def answer(self, body: Frame) -> None:
        """Send one unsequenced frame."""
        raise NotImplementedError

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
            self.acknowledge(content.get("seq"))
        elif command := self.commands.get(kind):
            rate = self.command_rates.get(kind, "command")
            limits.count_command(rate, self._account)
            data = {key: value for key, value in content.items() if key not in ("type", "id")}
            with span(f"command {kind}"):
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
