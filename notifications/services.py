"""Maintenance of the event log."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import router, transaction

from core.rows import lock_in_order
from core.sql import set_each
from notifications import selectors
from notifications.events import push_heads
from notifications.models import Stream

ACKS_A_TRANSACTION = 100
# Longer than a commit takes after its events are stamped, and longer than the sweep may be silent before the hub
# compares its sockets with the log itself (notifications/hub.py).
HEADS_LOOK_BACK = timedelta(seconds=10)


def acknowledge(acks: Mapping[str, tuple[int, int]]) -> None:
    """Store how far each recipient has read: a number, and the epoch of the newest event that its socket has sent.

    The number never falls, and never passes the last event. One of an earlier epoch is left out, as its event may be
    lost.
    """
    ordered = sorted(acks.items())  # the order in which events lock streams
    using = router.db_for_write(Stream)
    for start in range(0, len(ordered), ACKS_A_TRANSACTION):
        some = dict(ordered[start : start + ACKS_A_TRANSACTION])
        with transaction.atomic(using):
            locked = lock_in_order(Stream, list(some), using=using)
            read = {row.pk: some[row.pk][0] for row in locked if _is_news(row, *some[row.pk])}
            set_each(Stream, "acked_seq", read, using=using)


def _is_news(stream: Stream, seq: int, epoch: int) -> bool:
    return stream.acked_seq < seq <= stream.last_seq and selectors.same_epoch(stream.epoch, epoch)


def publish_again(now: datetime) -> None:
    """Make up for lost pushes: publish the newest sequence numbers of recipients with recent events.

    This covers a process that died between its commit and its push. It takes one query for the whole system, whatever
    the number of sockets; only sockets that are behind read the log.
    """
    push_heads(selectors.heads(now - HEADS_LOOK_BACK), epoch=selectors.server_epoch())
