"""Writing the event log and pushing from it. The only place that publishes.

    with recorded() as outbox:          # one transaction
        offer.move(...)
        outbox.add(partner_recipient, "offer", {...})

The events are rows of the same transaction; the push after the commit is a hint that may get lost,
because every socket compares its place with the log (notifications/hub.py).
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from notifications.models import Event, Stream
from speedycheers import valkey
from speedycheers.statements import insert_all

log = logging.getLogger(__name__)

PUSH_CHANNEL = "push"
UNSEQUENCED = 0
Payload = dict[str, Any]
Message = tuple[str, str, Payload]  # recipient, type, payload


def user_recipient(user_id: UUID | str) -> str:
    """The recipient name of a user."""
    return f"user:{user_id}"


def partner_recipient(partner_id: UUID | str) -> str:
    """The recipient name of a partner."""
    return f"partner:{partner_id}"


class Outbox:
    """The events of one transaction, gathered while it runs and written at its end."""

    def __init__(self) -> None:
        self._pending: dict[str, list[tuple[str, Payload]]] = defaultdict(list)

    def add(self, recipient: str, type: str, payload: Payload) -> None:
        """Tell a recipient. `payload` is JSON-ready: the frame without `type` and `seq`."""
        self._pending[recipient].append((type, payload))

    def write(self) -> None:
        """Insert the events with their numbers, and push them once the transaction has committed."""
        if not self._pending:
            return
        recipients = sorted(self._pending)  # a fixed order of locks
        last = _advance([(recipient, len(self._pending[recipient])) for recipient in recipients])
        now = timezone.now()
        events = []
        for recipient in recipients:
            first = last[recipient] - len(self._pending[recipient]) + 1
            for seq, (type, payload) in enumerate(self._pending[recipient], first):
                events.append(Event(recipient=recipient, seq=seq, type=type, payload=payload, created_at=now))
        insert_all(events)
        transaction.on_commit(lambda: push([(e.recipient, e.seq, frame(e)) for e in events]))


@contextmanager
def recorded() -> Iterator[Outbox]:
    """A transaction with an outbox: what it changed and what it tells commit together."""
    with transaction.atomic():
        outbox = Outbox()
        yield outbox
        outbox.write()


def _advance(counts: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Raise each recipient's counter in one statement; returns the last number taken. Holds the rows until commit."""
    table = Stream._meta.db_table
    rows = ", ".join(["(%s, %s, 0)"] * len(counts))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (recipient, last_seq, acked_seq) VALUES {rows} "  # noqa: S608  # no outside text
            f"ON CONFLICT (recipient) DO UPDATE SET last_seq = {table}.last_seq + excluded.last_seq "
            "RETURNING recipient, last_seq",
            [value for pair in counts for value in pair],
        )
        return dict(cursor.fetchall())


def frame(event: Event) -> str:
    """The text of an event's frame."""
    return json.dumps({"type": event.type, "seq": event.seq, **event.payload}, separators=(",", ":"))


def push(frames: Sequence[tuple[str, int, str]]) -> None:
    """Publish frames `(recipient, seq, text)` over this process's connection. Best effort, never raises."""
    _publish([f"{recipient} {seq}\n{text}" for recipient, seq, text in frames])


def push_unsequenced(recipient: str, type: str, payload: Payload) -> None:
    """Tell a recipient something of which only the latest matters, such as a position. Not in the log."""
    push_latest([(recipient, type, payload)])


def push_latest(messages: Sequence[Message]) -> None:
    """`push_unsequenced` for many at once."""
    _publish(
        [
            f"{recipient} {UNSEQUENCED}\n" + json.dumps({"type": type, **payload}, separators=(",", ":"))
            for recipient, type, payload in messages
        ]
    )


def close_sockets(*, code: int, **match: str) -> None:
    """Close, in every process, the sockets whose attributes equal `match` (for example `credential`)."""
    _publish(["! 0\n" + json.dumps({"code": code, "match": match})])


def _publish(messages: Sequence[str]) -> None:
    if not messages:
        return
    try:
        pipe = valkey.client().pipeline(transaction=False)
        for message in messages:
            pipe.publish(PUSH_CHANNEL, message)
        pipe.execute()
    except valkey.Unreachable:
        log.warning("%d frames not pushed: Valkey does not answer; sockets catch up from the log", len(messages))
