"""The credentials behind sockets. Apps that issue them register functions that find the ended ones."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notifications.models import Stream

Shown = set[tuple[str, str]]  # (credential, account id), as in the labels of sockets


@dataclass(frozen=True)
class Admitted:
    """The outcome of a handshake's check. It may appear in logs, and then shows nothing of the account."""

    user: Any = field(repr=False)  # None if not signed in
    credential: str = field(repr=False)  # the socket closes when it ends
    language: str
    wait_s: float | None = None  # how long the account or address has to wait, if it connects too often
    stream: Stream | None = field(default=None, repr=False)  # the account's, if one statement has read both


_sources: list[Callable[[Shown], Shown]] = []


def source(ended: Callable[[Shown], Shown]) -> Callable[[Shown], Shown]:
    """Register a function that returns the ended ones of some credentials. It may read the database."""
    if ended not in _sources:
        _sources.append(ended)
    return ended


def ended(shown: Shown) -> Shown:
    """Return those of these credentials that have ended, according to any registered function."""
    return {one for knows in _sources for one in knows(shown)}
