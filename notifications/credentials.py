"""What sockets live by. Whoever issues credentials says which of them have ended."""

from collections.abc import Callable

Shown = set[tuple[str, str]]  # a credential's name and its account's id, as sockets are labelled with them
_sources: list[Callable[[Shown], Shown]] = []


def source(ended: Callable[[Shown], Shown]) -> Callable[[Shown], Shown]:
    """Register a function that says which of these have ended. It may read the database."""
    if ended not in _sources:
        _sources.append(ended)
    return ended


def ended(shown: Shown) -> Shown:
    """Which of these have ended, by all who know."""
    return {one for knows in _sources for one in knows(shown)}
