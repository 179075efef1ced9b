"""A web push to plan with an event."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class PushLater:
    """A web push to send if no socket of the recipient acknowledges the event in time."""

    topic: str  # what the push is about; it can be withdrawn by this; at most 32 letters of base64url
    payload: Callable[[], dict[str, Any]]  # without a kind, called only if the recipient has a device to send it to
    due_at: datetime
    until: datetime  # not sent afterwards
    kind: str = ""  # one of notifications/push_kinds.py, if its words are written when it is sent
