"""Kinds of web pushes whose words are written when they are sent, by the app that knows what they are about.

    class Words(PushKind): ...

    register("word", Words())

The row of such a push has its kind as `type` in its payload; other payloads are sent as they are.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from notifications.models import DeferredPush


class PushKind(ABC):
    """A kind of push. `push` is a row, which is not stored yet while a push is planned."""

    @abstractmethod
    def wanted(self, push: DeferredPush) -> bool:
        """Whether the recipient wants this push on their devices. Called in the transaction of its event."""

    @abstractmethod
    def compose(self, push: DeferredPush) -> dict[str, Any] | None:
        """Return the payload as it is to be sent now; None if the push is no longer wanted."""

    @abstractmethod
    def otherwise(self, push: DeferredPush, *, at: datetime) -> bool:
        """Tell the recipient at this time in another way: no device takes the push. Returns whether there is one."""


_kinds: dict[str, PushKind] = {}


def register(name: str, kind: PushKind) -> None:
    """Make a kind of push known."""
    _kinds[name] = kind


def _kind_of(push: DeferredPush) -> PushKind | None:
    return _kinds.get(push.payload.get("type", ""))


def wanted(push: DeferredPush) -> bool:
    """Whether the recipient of a push wants it on their devices."""
    kind = _kind_of(push)
    return kind is None or kind.wanted(push)


def composed(push: DeferredPush) -> dict[str, Any] | None:
    """Return the payload of a push as it is to be sent now; None if it is no longer wanted."""
    kind = _kind_of(push)
    payload: dict[str, Any] = push.payload
    return kind.compose(push) if kind else payload


def told_otherwise(push: DeferredPush, *, at: datetime) -> bool:
    """Tell the recipient of a push that no device takes in another way, if its kind knows one."""
    kind = _kind_of(push)
    return kind is not None and kind.otherwise(push, at=at)
