"""Limits on attempts that cost something to answer, such as sign-ins: counted before the work, given back on success.

Since each attempt is counted first, a burst of simultaneous ones counts in full. While Valkey does not answer, each
process counts in its own memory, so that guessing stays limited.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api.addresses import address_of, network_of
from api.throttles import Window, count_in
from core import valkey
from core.errors import ServiceError

if TYPE_CHECKING:
    from rest_framework.views import APIView

log = logging.getLogger(__name__)
LOCAL_WINDOWS_MAX = 100_000  # in the memory of one process; the oldest make room

# A window that has passed is not counted down: a new counter would have no end.
GIVE_BACK = valkey.Script("if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('DECR', KEYS[1]) end return 0")


class TooManyAttempts(ServiceError):
    """A limit is reached; nothing was checked."""

    status = 429
    default_code = "throttled"
    default_detail = gettext_noop("Too many attempts. Try again later.")

    def __init__(self, wait_s: float) -> None:
        self.wait_s = max(1.0, wait_s)
        super().__init__()


class Attempt:
    """One attempt, counted in the present window of each `(scope, who)`.

    `exceeded` maps the scopes whose limit this attempt exceeds to the seconds until their windows end.
    """

    def __init__(self, counts: Sequence[tuple[str, str]]) -> None:
        self._windows = [Window.of(scope, who) for scope, who in counts]
        self._local = False
        waits = [(each.scope, each.wait_s(count)) for each, count in zip(self._windows, self._count(), strict=True)]
        self.exceeded = {scope: wait_s for scope, wait_s in waits if wait_s is not None}

    def require(self, *, but: frozenset[str] = frozenset()) -> None:
        """Raise `TooManyAttempts` if a limit is exceeded, except those of the scopes in `but`.

        A refused attempt is given back: only attempts that were carried out count.
        """
        waits = [wait_s for scope, wait_s in self.exceeded.items() if scope not in but]
        if waits:
            self.give_back()
            raise TooManyAttempts(max(waits))

    def give_back(self, *scopes: str) -> None:
        """Take the attempt out of the windows of these scopes, or of all: it succeeded, or was not carried out."""
        keys = [window.key for window in self._windows if not scopes or window.scope in scopes]
        if self._local:
            _give_back_locally(keys)
            return
        try:
            GIVE_BACK.pipelined([([key], []) for key in keys])
        except valkey.Unreachable:
            log.warning("attempts not given back: Valkey does not answer")

    def _count(self) -> list[int]:
        try:
            return count_in(self._windows)
        except valkey.Unreachable:
            log.warning("attempts are counted in this process: Valkey does not answer")
            self._local = True
            return [_count_locally(window) for window in self._windows]


class SignupThrottle(BaseThrottle):
    """Counts new accounts per address, on the pages too (`accounts.forms`)."""

    _wait_s: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        exceeded = Attempt([("signup", network_of(address_of(request)))]).exceeded
        self._wait_s = exceeded.get("signup")
        return self._wait_s is None

    def wait(self) -> float | None:
        return self._wait_s and max(1.0, self._wait_s)


# ---------------------------------------------------------------- while Valkey is away

_counts: dict[str, tuple[int, float]] = {}  # by key: the attempts, and the end of the window
_lock = threading.Lock()


def _count_locally(window: Window) -> int:
    with _lock:
        count = _counts.pop(window.key, (0, 0.0))[0] + 1
        if len(_counts) >= LOCAL_WINDOWS_MAX:
            _make_room()
        _counts[window.key] = count, window.ends_at
        return count


def _make_room() -> None:
    """Drop the windows that have ended; if none has, drop the one that was counted in longest ago."""
    now = time.time()
    for key in [key for key, (_, ends_at) in _counts.items() if ends_at <= now]:
        del _counts[key]
    if len(_counts) >= LOCAL_WINDOWS_MAX:
        del _counts[next(iter(_counts))]


def _give_back_locally(keys: Sequence[str]) -> None:
    with _lock:
        for key in keys:
            if key in _counts:
                count, ends_at = _counts[key]
                _counts[key] = max(0, count - 1), ends_at


def forget_local_counts() -> None:
    """Forget what this process has counted, as a new process does."""
    with _lock:
        _counts.clear()
