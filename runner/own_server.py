"""Marks the process in which our own server runs: the only one that serves in development."""

_ours: list[bool] = []


def claim() -> None:
    """Mark this process: the application that it loads is served by our own server."""
    _ours.append(True)


def is_ours() -> bool:
    """Return whether this process has been marked."""
    return bool(_ours)
