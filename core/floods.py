"""Counts that tell a flood from ordinary use, in this process only: no network, and no list of times."""

import time
from collections.abc import Hashable

FORGET_ABOVE = 10_000  # keys


class Flood:
    """Detects more than `limit` hits within a window of `window_s` seconds.

    The window begins with its first hit. This takes two numbers; a list of times would be kilobytes for each socket.
    """

    __slots__ = ("_count", "_limit", "_since", "_window_s")

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit, self._window_s = limit, window_s
        self._since, self._count = float("-inf"), 0

    @property
    def left_s(self) -> float:
        """The seconds left of the window; 0 if it is over."""
        return max(0.0, self._since + self._window_s - time.monotonic())

    def hit(self, count: int = 1) -> bool:
        """Count, and return whether it is a flood."""
        now = time.monotonic()
        if now - self._since >= self._window_s:
            self._since, self._count = now, 0
        self._count += count
        return self._count > self._limit


class Floods:
    """A flood for each key, for example an account and a kind of frame; a new connection begins no new window."""

    def __init__(self) -> None:
        self._floods: dict[tuple[Hashable, int, float], Flood] = {}
        self._forget_above = FORGET_ABOVE

    def hit(self, key: Hashable, limit: int, window_s: float) -> float | None:
        """Count one hit. Returns the seconds until the window ends if it exceeds the limit, else None."""
        whole = (key, limit, window_s)
        flood = self._floods.get(whole)
        if flood is None:
            self._make_room()
            flood = self._floods[whole] = Flood(limit, window_s)
        return flood.left_s if flood.hit() else None

    def _make_room(self) -> None:
        if len(self._floods) > self._forget_above:
            self._floods = {key: flood for key, flood in self._floods.items() if flood.left_s > 0}
            self._forget_above = max(FORGET_ABOVE, 2 * len(self._floods))

    def clear(self) -> None:
        """Forget everything."""
        self._floods.clear()
