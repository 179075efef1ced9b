"""A word to a user who has no page open: by web push to their devices, or by e-mail if no device takes it.

    outbox.add(recipient, "request.updated", body, word(WordKind.COMING, about=ride.pk, topic=request.pk, at=now))

A word belongs to an event, and is due when no socket has acknowledged the event for `ACKNOWLEDGED_WITHIN`. Its text is
written when it is sent (accounts/words.py).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models

from notifications.push_later import PushLater

ACKNOWLEDGED_WITHIN = timedelta(seconds=3)
PUSH_KIND = "word"


class WordKind(models.TextChoices):
    """The kinds of words. Each has its settings, `push_<kind>` and `email_<kind>`."""

    COMING = "coming", "A partner is on the way"
    ARRIVED = "arrived", "Their partner has arrived"
    NO_MATCH = "no_match", "Nobody could be found"
    OVER = "over", "The session is over"  # by e-mail this is the receipt (rides/mails.py)
    PAYMENT = "payment", "A payment needs them"
    MESSAGE = "message", "Their partner has written"


# How long a word is worth sending.
WORTH = {
    WordKind.COMING: timedelta(minutes=10),
    WordKind.ARRIVED: timedelta(minutes=10),
    WordKind.NO_MATCH: timedelta(hours=1),
    WordKind.OVER: timedelta(hours=1),
    WordKind.PAYMENT: timedelta(days=1),
    WordKind.MESSAGE: timedelta(minutes=30),
}


def word(kind: WordKind, *, about: UUID, topic: UUID, at: datetime) -> PushLater:
    """Return a word to the user who is the recipient of the event that reports the same.

    Args:
        about: the id by which the page of this kind is found. A user gets one e-mail of a kind about it.
        topic: the id that words of several kinds have in common; a device shows the latest of them.
        at: the time of the event.
    """
    due_at = at + ACKNOWLEDGED_WITHIN
    payload: dict[str, Any] = {"type": PUSH_KIND, "kind": str(kind), "about": str(about)}
    return PushLater(topic.hex, lambda: payload, due_at, due_at + WORTH[kind], PUSH_KIND)
