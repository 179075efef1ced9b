"""Upkeep of the event log."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from notifications import selectors
from notifications.events import push_heads
from notifications.models import Event, Stream

KEPT_FOR = timedelta(days=3)
PRUNE_BATCH = 5000
ACKS_A_TRANSACTION = 100
# Longer than a commit takes after its events were stamped, and than the sweep may be away before the sockets'
# own comparison with the log takes over (notifications/hub.py).
HEADS_LOOK_BACK = timedelta(seconds=10)


def acknowledge(acks: Mapping[str, int]) -> None:
    """Remember how far each recipient has read. Never moves back, nor past what was sent."""
    ordered = sorted(acks.items())  # the order in which events lock streams
    for start in range(0, len(ordered), ACKS_A_TRANSACTION):
        with transaction.atomic():
            for recipient, seq in ordered[start : start + ACKS_A_TRANSACTION]:
                Stream.objects.filter(recipient=recipient, acked_seq__lt=seq, last_seq__gte=seq).update(acked_seq=seq)


def publish_again(now: datetime) -> None:
    """Make up for pushes that got lost: tell the sockets how far the logs of those lately told something go.

    Covers a process that died between its commit and its push. One query for the whole system, whatever
    the number of sockets; they answer with a read of the log only where they are behind.
    """
    push_heads(selectors.heads(now - HEADS_LOOK_BACK))


def prune_events(now: datetime) -> int:
    """Delete events older than `KEPT_FOR`, at most `PRUNE_BATCH` a call; returns how many."""
    old = Event.objects.filter(created_at__lt=now - KEPT_FOR).order_by("id").values_list("id", flat=True)[:PRUNE_BATCH]
    deleted, _ = Event.objects.filter(id__in=list(old)).delete()
    return deleted
