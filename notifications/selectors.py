"""Reads of the event log."""

from collections.abc import Iterable
from datetime import datetime

from django.db import router
from django.db.models import Max

from core import sql
from core.rows import read_row
from notifications.models import Event, Stream

REPLAY_MAX = 1000  # events; a client further behind starts from the present state
CHUNK = 500  # ids per statement, below every database's limit on parameters


def stream_of(recipient: str) -> Stream:
    """Return a recipient's stream, which is at 0 before the first event."""
    return read_row(Stream, using=router.db_for_read(Stream), recipient=recipient) or Stream(recipient=recipient)


def same_epoch(one: int, other: int) -> bool:
    """Whether two epochs are the same, as far as both are known."""
    return one == other or 0 in (one, other)


def server_epoch() -> int:
    """Return the epoch of the server that events are written to."""
    return sql.server_epoch(using=router.db_for_write(Event))


def heads(since: datetime) -> dict[str, int]:
    """Return the newest sequence number of every recipient with an event since then."""
    recent = Event.objects.filter(created_at__gte=since).order_by().values("recipient").annotate(newest=Max("seq"))
    return dict(recent.values_list("recipient", "newest"))


def last_seqs(recipients: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the number and the epoch of the newest event of many recipients; those without an event have 0 and 0."""
    names = list(recipients)
    found = dict.fromkeys(names, (0, 0))
    for start in range(0, len(names), CHUNK):
        rows = Stream.objects.filter(recipient__in=names[start : start + CHUNK])
        found.update({name: (seq, epoch) for name, seq, epoch in rows.values_list("recipient", "last_seq", "epoch")})
    return found


def events_after(recipient: str, seq: int, epoch: int, limit: int) -> list[Event] | None:
    """Return a recipient's events after the event `seq` of this epoch, in order, at most `limit`.

    Returns None if the log has no such event, because a failover has lost it, or lacks some after it.
    """
    events = list(Event.objects.filter(recipient=recipient, seq__gte=seq).order_by("seq")[: limit + 1])
    if events and events[0].seq == seq:
        return events[1:] if same_epoch(events[0].epoch, epoch) else None
    stream = stream_of(recipient)  # the event has been pruned, or lost
    lost = stream.last_seq < seq or (stream.last_seq == seq and not same_epoch(stream.epoch, epoch))
    gap = bool(events) and events[0].seq != seq + 1
    return None if lost or gap else events[:limit]


def replay(stream: Stream, after: int, epoch: int) -> list[Event] | None:
    """Return every event of a stream after the event `after`, which a client has seen in this epoch (0: not known).

    Returns None if that is not the event of this number, if some after it are deleted, or if there are too many.
    """
    if after > stream.last_seq or stream.last_seq - after > REPLAY_MAX:
        return None
    if after == stream.last_seq:
        return [] if same_epoch(stream.epoch, epoch) else None
    first = after if after and epoch else after + 1
    log = Event.objects.filter(recipient=stream.recipient, seq__gte=first, seq__lte=stream.last_seq)
    events = list(log.order_by("seq"))
    if len(events) != stream.last_seq - first + 1:
        return None
    if first == after and not same_epoch(events.pop(0).epoch, epoch):
        return None
    return events
