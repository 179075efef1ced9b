"""Upkeep of the event log."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from notifications.models import Event, Stream

KEPT_FOR = timedelta(days=3)
PRUNE_BATCH = 5000


def acknowledge(acks: Mapping[str, int]) -> None:
    """Remember how far each recipient has read. Never moves back, nor past what was sent."""
    for recipient, seq in acks.items():
        Stream.objects.filter(recipient=recipient, acked_seq__lt=seq, last_seq__gte=seq).update(acked_seq=seq)


def prune_events(now: datetime) -> int:
    """Delete events older than `KEPT_FOR`, at most `PRUNE_BATCH` a call; returns how many."""
    old = Event.objects.filter(created_at__lt=now - KEPT_FOR).order_by("id").values_list("id", flat=True)[:PRUNE_BATCH]
    deleted, _ = Event.objects.filter(id__in=list(old)).delete()
    return deleted
