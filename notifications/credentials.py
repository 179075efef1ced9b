"""The credentials behind sockets. Apps that issue them register functions that find the ended ones."""

from collections.abc import Callable

Shown = set[tuple[str, str]]  # (credential, account id), as in the labels of sockets
_sources: list[Callable[[Shown], Shown]] = []


def source(ended: Callable[[Shown], Shown]) -> Callable[[Shown], Shown]:
    """Register a function that returns the ended ones of some credentials. It may read the database."""
    if ended not in _sources:
        _sources.append(ended)
    return ended


def ended(shown: Shown) -> Shown:
    """Return those of these credentials that have ended, according to any registered function."""
    return {one for knows in _sources for one in knows(shown)}
