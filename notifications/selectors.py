"""Reads of the event log."""

from collections.abc import Iterable
from datetime import datetime

from django.db import router
from django.db.models import Max

from core.rows import read_row
from notifications.models import Event, Stream

REPLAY_MAX = 1000  # events; a client further behind starts from the present state
CHUNK = 500  # ids per statement, below every database's limit on parameters


def last_and_acked(recipient: str) -> tuple[int, int]:
    """Return the numbers of a recipient's newest event and of the newest event that a device has acknowledged."""
    stream = read_row(Stream, using=router.db_for_read(Stream), recipient=recipient)
    return (stream.last_seq, stream.acked_seq) if stream else (0, 0)


def heads(since: datetime) -> dict[str, int]:
    """Return the newest sequence number of every recipient with an event since then."""
    recent = Event.objects.filter(created_at__gte=since).order_by().values("recipient").annotate(newest=Max("seq"))
    return dict(recent.values_list("recipient", "newest"))


def last_seqs(recipients: Iterable[str]) -> dict[str, int]:
    """Return the newest sequence numbers of many recipients; those without an event are left out."""
    names = list(recipients)
    found: dict[str, int] = {}
    for start in range(0, len(names), CHUNK):
        rows = Stream.objects.filter(recipient__in=names[start : start + CHUNK])
        found.update(rows.values_list("recipient", "last_seq"))
    return found


def events_after(recipient: str, seq: int, limit: int = REPLAY_MAX) -> list[Event]:
    """Return a recipient's events after `seq`, in order, at most `limit`."""
    return list(Event.objects.filter(recipient=recipient, seq__gt=seq).order_by("seq")[:limit])


def replay(recipient: str, after: int, upto: int) -> list[Event] | None:
    """Return every event after `after` up to `upto`; None if some are deleted or there are too many."""
    if after > upto or upto - after > REPLAY_MAX:
        return None
    events = list(Event.objects.filter(recipient=recipient, seq__gt=after, seq__lte=upto).order_by("seq"))
    return events if len(events) == upto - after else None
