"""The services outside of the drilled system that carry its words: a push service and a mail server."""

import asyncio
from dataclasses import dataclass, field

from testbed.mail_server import MailServer
from testbed.push_service import PushService

AILING_S = 4.0
SLOW_S = 2.0
SILENT_S = 6.5  # longer than the program waits for a push service


@dataclass
class Outside:
    """Both services, which run in this process, so that no fault of the system reaches them."""

    push: PushService = field(default_factory=PushService)
    mail: MailServer = field(default_factory=MailServer)

    def start(self) -> None:
        """Let both listen."""
        self.push.start()
        self.mail.start()

    def stop(self) -> None:
        """End both."""
        self.push.stop()
        self.mail.stop()

    @property
    def settings(self) -> dict[str, str]:
        """The program's settings with which it uses them."""
        return {"OUTWARD_PRIVATE": "127.0.0.1", "EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}"}

    # ------------------------------------------------------------ faults

    async def push_answers(self, status: int) -> None:
        """Let the push service answer with a status for a while."""
        self.push.status = status
        await asyncio.sleep(AILING_S)
        self.push.status = 0

    async def push_slow(self, seconds: float) -> None:
        """Let the push service answer late for a while; later than the program waits, it has taken what it is sent."""
        self.push.delay_s = seconds
        await asyncio.sleep(AILING_S)
        self.push.delay_s = 0.0

    async def push_away(self) -> None:
        """Stop the push service for a while."""
        await asyncio.to_thread(self.push.stop)
        await asyncio.sleep(AILING_S)
        self.push.start()

    async def mail_refuses(self) -> None:
        """Let the mail server take nothing for a while."""
        self.mail.refuses = True
        await asyncio.sleep(AILING_S)
        self.mail.refuses = False

    async def mail_slow(self) -> None:
        """Let the mail server answer late for a while."""
        self.mail.delay_s = SLOW_S
        await asyncio.sleep(AILING_S)
        self.mail.delay_s = 0.0

    async def mail_hangs_up(self) -> None:
        """Let the mail server take mails for a while without saying so."""
        self.mail.hangs_up = True
        await asyncio.sleep(AILING_S)
        self.mail.hangs_up = False

    async def mail_away(self) -> None:
        """Stop the mail server for a while."""
        await asyncio.to_thread(self.mail.stop)
        await asyncio.sleep(AILING_S)
        await asyncio.to_thread(self.mail.start)
