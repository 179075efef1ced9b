"""Caches reads briefly in each process, for data that changes rarely and is needed on every request."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The result of a read, at most `kept_s` seconds old. Call `forget` when this process changes the data."""

    def __init__(self, read: Callable[[], T], *, kept_s: float) -> None:
        self._read = read
        self._kept_s = kept_s
        self._answer: tuple[float, T] | None = None  # (monotonic seconds, result)

    def __call__(self) -> T:
        now, answer = time.monotonic(), self._answer  # another thread may forget it meanwhile
        if answer is None or now - answer[0] > self._kept_s:
            answer = self._answer = now, self._read()
        return answer[1]

    def forget(self) -> None:
        """Read again next time."""
        self._answer = None
