"""Reads that each process keeps a moment: of what changes rarely and is asked for on every request."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """What a read has answered, at most `kept_s` seconds ago. `forget` it where this process changes it."""

    def __init__(self, read: Callable[[], T], *, kept_s: float) -> None:
        self._read = read
        self._kept_s = kept_s
        self._answer: tuple[float, T] | None = None  # when (monotonic seconds), what

    def __call__(self) -> T:
        now, answer = time.monotonic(), self._answer  # another thread may forget it meanwhile
        if answer is None or now - answer[0] > self._kept_s:
            answer = self._answer = now, self._read()
        return answer[1]

    def forget(self) -> None:
        """Read afresh next time."""
        self._answer = None
