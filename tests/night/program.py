"""The program of a night, with parts of its own: a PostgreSQL, a mail server, a card provider, a receiver of alerts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections

from alerts.tests.scenes import Received, receiver
from drill.lost import database_at
from testbed import stack
from testbed.environment import make_folder
from testbed.mail_server import MailServer, mail_server
from testbed.migrated import copied_to
from testbed.postgres import Postgres
from testbed.processes import free_port
from testbed.stack import Stack

MAILBOX, WEBHOOK_SECRET = "night@ops.test", "of-the-night"
SETTINGS = {
    "REQUEST_PATIENCE_S": "35",  # longer than an alert may take
    "OFFER_TTL_S": "30",
    "POSITION_SPEED_MAX_MPS": "2000",  # a drive takes no time
    "MIN_SESSION_S": "0",
    "MANUAL_ENTRY_LIMITS": "usd=100000",
    "ALERT_MAIL_TO": MAILBOX,
    "ALERT_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "PAYMENTS": "demo",
}


@dataclass
class Program:
    """The running program and the servers around it. Its database is that of this process as well."""

    stack: Stack
    postgres: Postgres
    provider: str  # the address of the card provider's stand-in
    mails: MailServer
    hooks: list[Received]

    @property
    def url(self) -> str:
        return self.stack.url

    def people(self) -> dict[str, list[dict[str, Any]]]:
        """Make the accounts of the night."""
        said = self.stack.manage("shell", "-v0", "-c", "from tests.night.people import seed; seed()")
        people: dict[str, list[dict[str, Any]]] = json.loads(said)
        return people

    def postgres_dies(self) -> None:
        """The database's server ends, with every connection, in whatever it does."""
        self.postgres.stop()

    def postgres_returns(self) -> None:
        """The database's server starts again, and recovers what was committed."""
        self.postgres.launch()
        self.postgres.wait()
        connections["default"].close()  # that of this process is cut off as well


@contextmanager
def running() -> Iterator[Program]:
    """Run all of it until the end of the block."""
    folder = make_folder()
    with mail_server() as mails, receiver() as (hook, hooks):
        postgres = Postgres(folder / "pg", durable=True)
        try:
            database, provider = copied_to(postgres), f"http://127.0.0.1:{free_port()}"
            more = {
                "DATABASE_URL": database,
                "EMAIL_URL": f"smtp://127.0.0.1:{mails.port}",
                "ALERT_WEBHOOK_URL": hook,
                "STRIPE_API_BASE": provider,
            }
            program = stack.start(stack.environment(folder / "var", free_port(), **SETTINGS, **more))
            try:
                with database_at(database):
                    yield Program(program, postgres, provider, mails, hooks)
                program.stop()
            finally:
                stack.kill(program)
        finally:
            postgres.stop()
