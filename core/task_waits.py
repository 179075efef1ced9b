"""How long tasks wait for a worker, when one has waited for too long, and how busy the threads of this worker are."""

import json
import threading
import time
from typing import Any

from celery import Task, signals
from celery.exceptions import Ignore

from core import clock
from core.metrics import TASK_WAIT

# Headers of each message. Celery's own `expires` is by the clocks of two machines, which may differ.
SENT_AT = "sent_at"  # seconds since the epoch, by the database's clock
KEPT_S = "kept_s"  # after so many seconds the task is not begun any more


@signals.before_task_publish.connect
def note_sending(headers: dict[str, Any], **_: Any) -> None:
    """Let the message carry the time at which it was sent."""
    if isinstance(headers, dict):
        headers[SENT_AT] = clock.now().timestamp()


class Hint(Task[Any, Any]):
    """A task that is dropped instead of begun if its message has waited for longer than its sender allows."""

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Raise `Ignore` if it is too late."""
        sent_at, kept_s = self.request.get(SENT_AT), self.request.get(KEPT_S)
        if sent_at is not None and kept_s is not None and clock.now().timestamp() > sent_at + kept_s:
            raise Ignore


def waiting_s(message: bytes, *, now: float) -> float:
    """Return for how long a message of the broker has waited; 0 if it does not say."""
    try:
        return max(0.0, now - float(json.loads(message)["headers"][SENT_AT]))
    except (KeyError, TypeError, ValueError):
        return 0.0


class Business:
    """The threads of a worker, and the share of their time that tasks have taken."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._lock = threading.Lock()
        self._running = 0
        self._busy_s = 0.0
        self._since = self._looked_at = time.monotonic()

    def begin(self) -> None:
        """Note that a thread begins a task."""
        with self._lock:
            self._count()
            self._running += 1

    def end(self) -> None:
        """Note that a thread has ended a task."""
        with self._lock:
            self._count()
            self._running = max(0, self._running - 1)

    def _count(self) -> None:
        now = time.monotonic()
        self._busy_s += self._running * (now - self._since)
        self._since = now

    def share(self) -> float:
        """Return the share of the threads' time that was taken since the last call: 0 to 1."""
        with self._lock:
            self._count()
            share = self._busy_s / max((self._since - self._looked_at) * self.threads, 1e-3)
            self._busy_s, self._looked_at = 0.0, self._since
        return round(min(1.0, share), 3)


business = Business()  # that of this process


@signals.task_prerun.connect
def note_begin(task: Any = None, **_: Any) -> None:
    """Count a thread as busy, and time how long the task has waited."""
    business.begin()
    sent_at = getattr(getattr(task, "request", None), SENT_AT, None)
    if isinstance(sent_at, int | float):
        TASK_WAIT.observe(clock.now().timestamp() - sent_at, task.name)


@signals.task_postrun.connect
def note_end(**_: Any) -> None:
    """Count a thread as free."""
    business.end()
