"""Writes the event log and pushes from it. Only this module publishes.

    with recorded() as outbox:          # one transaction
        offer.move(...)
        outbox.add(partner_recipient, "offer", {...})
        outbox.result(offer)            # the answer to the call, stored if it has an Idempotency-Key

The events are rows of the same transaction; the push after the commit is a hint. In case it gets lost, because the
process dies in between or Valkey is down, the sweep calls `push_heads` every second to publish the newest sequence
numbers, and each socket that is behind fetches the rest (notifications/hub.py).

A message on the channel consists of pairs of lines: a header, then its text, which is JSON and so has no line break.
    <recipient> <seq>     a frame for that recipient; the number is 0 if the frame is not in the log
    <kind>:* 0            a frame for all recipients of a kind
    @ <ms>                the epoch of the server that wrote the frames, or knew the heads, after this pair; when it
                          wrote them, in milliseconds since 1970, or 0
    # 0                   heads: {recipient: number of its newest event}
    ! 0                   an order to close sockets: {code, match}
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import router, transaction

from api.idempotency import Answer, effect
from core import clock, valkey
from core.sql import add_to_counters, insert_all
from notifications.models import DeferredPush, Event, PushSubscription, Stream
from notifications.push_kinds import told_otherwise, wanted
from notifications.push_later import PushLater

log = logging.getLogger(__name__)

PUSH_CHANNEL = "push"
UNSEQUENCED = 0
HEADS, CLOSE, EPOCH = "#", "!", "@"
EVERYONE = "*"
FRAMES_A_MESSAGE = 100
Payload = dict[str, Any]
Message = tuple[str, str, Payload]  # recipient, type, payload


def user_recipient(user_id: UUID | str) -> str:
    """The recipient name of a user."""
    return f"user:{user_id}"


def partner_recipient(partner_id: UUID | str) -> str:
    """The recipient name of a partner."""
    return f"partner:{partner_id}"


def everyone(kind: str) -> str:
    """The recipient name of all accounts of a kind, such as `staff`, for messages that are not in the log."""
    return f"{kind}:{EVERYONE}"


class Outbox:
    """The events of one transaction, collected while it runs and written at its end to the database `using`."""

    def __init__(self, using: str, answer: Answer) -> None:
        self._using = using
        self._answer = answer
        self._pending: dict[str, list[tuple[str, Payload, PushLater | None]]] = defaultdict(list)
        self._withdrawn: set[str] = set()
        self._written: list[Event] = []

    def add(self, recipient: str, type: str, payload: Payload, push: PushLater | None = None) -> None:
        """Add an event for a recipient. `payload` is JSON-ready: the frame without `type` and `seq`."""
        self._pending[recipient].append((type, payload, push))

    def result(self, result: Any = None, *, rendered: Payload | None = None) -> None:
        """Set this transaction's result, of which the call's answer is made; it is stored if the call has a key."""
        self._answer.result(result, rendered=rendered)

    def withdraw_push(self, topic: str) -> None:
        """Delete the deferred pushes of a topic that has ended."""
        self._withdrawn.add(topic)

    def write(self) -> None:
        """Insert the events with their numbers, and the deferred pushes."""
        if self._withdrawn:
            DeferredPush.objects.using(self._using).filter(topic__in=sorted(self._withdrawn)).delete()
        if not self._pending:
            return
        recipients = sorted(self._pending)  # a fixed lock order
        amounts = {recipient: len(self._pending[recipient]) for recipient in recipients}
        devices = (PushSubscription, "recipient")
        counted = add_to_counters(Stream, "last_seq", amounts, using=self._using, known=devices)
        now = clock.now()
        events, later = [], []
        for recipient in recipients:
            newest, epoch, _ = counted[recipient]
            first = newest - len(self._pending[recipient]) + 1
            for seq, (type, payload, push_later) in enumerate(self._pending[recipient], first):
                event = Event(recipient=recipient, seq=seq, epoch=epoch, type=type, payload=payload, created_at=now)
                events.append(event)
                if push_later is not None:
                    later.append((recipient, seq, push_later))
        insert_all(events, using=self._using)
        if later:
            with_device = {recipient for recipient, stream in counted.items() if stream.is_known}
            _plan_pushes(later, with_device, using=self._using)
        self._written += events

    def push(self) -> None:
        """Push the written events, after their transaction has committed."""
        if self._written:
            frames = [(event.recipient, event.seq, frame(event)) for event in self._written]
            first = self._written[0]
            push(frames, epoch=first.epoch, written_at=first.created_at)  # one transaction is on one server


@contextmanager
def recorded(using: str | None = None) -> Iterator[Outbox]:
    """Open a transaction with an outbox: its changes, the events about them and the call's answer commit together.

    `using` is the alias of a database; a router chooses one by default.
    """
    using = using or router.db_for_write(Event)
    with effect(using) as answer:
        outbox = Outbox(using, answer)
        transaction.on_commit(outbox.push, using)  # before all other hooks: clients wait for it
        yield outbox
        outbox.write()


def _plan_pushes(pushes: list[tuple[str, int, PushLater]], with_device: set[str], *, using: str) -> None:
    """Store the pushes `(recipient, seq, push)` that a device shall take, and plan other ways for the others."""
    planned = []
    for recipient, seq, push in pushes:
        if not push.kind and recipient not in with_device:
            continue
        row = DeferredPush(recipient=recipient, seq=seq, topic=push.topic, payload=push.payload())
        row.due_at, row.until = push.due_at, push.until
        if recipient in with_device and wanted(row):
            planned.append(row)
        else:
            told_otherwise(row, at=push.due_at)
    if planned:
        DeferredPush.objects.using(using).bulk_create(planned)


def frame(event: Event) -> str:
    """Return the text of an event's frame."""
    told = {"type": event.type, "seq": event.seq, "epoch": str(event.epoch), **event.payload}
    return json.dumps(told, separators=(",", ":"))


def push(frames: Sequence[tuple[str, int, str]], *, epoch: int = 0, written_at: datetime | None = None) -> None:
    """Publish frames `(recipient, seq, text)` over this process's connection. Best effort, never raises.

    Args:
        epoch: that of the frames which are in the log; 0 if it is not known.
        written_at: when these were written.
    """
    ms = 0 if written_at is None else int(written_at.timestamp() * 1000)
    for start in range(0, len(frames), FRAMES_A_MESSAGE):
        batch = frames[start : start + FRAMES_A_MESSAGE]
        lines = [f"{EPOCH} {ms}\n{epoch}"] if epoch else []
        _publish("\n".join(lines + [f"{recipient} {seq}\n{text}" for recipient, seq, text in batch]))


def push_latest(messages: Sequence[Message]) -> None:
    """Push messages of which only the latest matters, such as positions. They are not in the log."""
    push(
        [
            (recipient, UNSEQUENCED, json.dumps({"type": type, **payload}, separators=(",", ":")))
            for recipient, type, payload in messages
        ]
    )


def push_heads(heads: Mapping[str, int], *, epoch: int) -> None:
    """Publish the server's epoch and the newest sequence numbers of these recipients to every socket process.

    If there are no numbers, nothing is new.
    """
    _publish(f"{EPOCH} 0\n{epoch}\n{HEADS} 0\n" + json.dumps(heads, separators=(",", ":")))


def close_sockets(*, code: int, **match: str) -> None:
    """Close, in every process, the sockets whose labels equal `match` (for example `credential`)."""
    _publish(f"{CLOSE} 0\n" + json.dumps({"code": code, "match": match}))


def _publish(message: str) -> None:
    try:
        valkey.client().publish(PUSH_CHANNEL, message)
    except valkey.Unreachable:
        log.warning("a push was lost: Valkey does not answer; sockets catch up from the log")
