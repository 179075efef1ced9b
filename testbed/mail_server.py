"""A mail server on this machine, which keeps what it takes."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from testbed.processes import free_port

TAKEN, LATER = "250 OK", "451 Try again later"


@dataclass(frozen=True)
class Mail:
    """One mail as the server took it."""

    at: float
    to: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The subject and the plain text."""
        body = self.message.get_body(("plain",))
        content = body.get_content() if body else ""
        return f"{self.message['Subject']}\n{content}".replace("\r\n", "\n")


@dataclass
class MailServer:
    """Takes mails.

    Args:
        refuses: it answers each mail with 451, and takes none.
        delay_s: the time from a mail to its answer.
        hangs_up: it takes mails, and cuts the connection instead of answering.
    """

    port: int = field(default_factory=free_port)
    received: list[Mail] = field(default_factory=list)
    refuses: bool = False
    delay_s: float = 0.0
    hangs_up: bool = False

    def __post_init__(self) -> None:
        self._controller: Controller | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take or refuse a mail, for aiosmtpd."""
        if self.refuses:
            return LATER
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(Mail(time.time(), tuple(envelope.rcpt_tos), message))
        await asyncio.sleep(self.delay_s)
        if self.hangs_up and server.transport is not None:
            server.transport.abort()
        return TAKEN

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server that listens until the end."""
    server = MailServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
