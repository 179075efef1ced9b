"""Health checks: `healthz` for the process, `readyz` for the system."""

import logging
import time
from collections.abc import Callable
from threading import Lock

from celery import current_app
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control

from api.monitors import is_monitor
from core import valkey
from core.heartbeats import is_alive

log = logging.getLogger(__name__)
WORKER_ANSWER_S = 1.5


@cache_control(no_store=True)
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200: the process is up. Our ASGI application gives this answer from memory (`speedycheers/asgi.py`)."""
    return JsonResponse({"status": "ok"})


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _valkey() -> None:
    valkey.client().ping()


def _worker() -> None:
    # A connection of its own: those in Celery's pool may be of a Valkey that has been away.
    with current_app.connection_for_write() as connection:
        answers = current_app.control.broadcast(
            "ping", reply=True, timeout=WORKER_ANSWER_S, limit=1, connection=connection
        )
    if not answers:
        raise TimeoutError("no worker answered")


def _sweep() -> None:
    try:
        alive = is_alive("sweep")
    except (valkey.Unreachable, OSError):  # which is told of already, and tells nothing about the sweep
        return
    if not alive:
        raise TimeoutError("no sweep is running")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "valkey": _valkey,
    "worker": _worker,
    "sweep": _sweep,
}
# Without these, calls are still answered: offers and requests outlive their deadlines, which staff must hear of.
DEGRADING = {"sweep"}


class Readiness:
    """The failing parts, looked for by one thread at a time; the others get what was found last."""

    def __init__(self) -> None:
        self._checking = Lock()
        self._found: list[str] | None = None
        self._until = 0.0  # on the monotonic clock

    def failing(self) -> list[str]:
        """Return the names of the parts that don't answer, as of a moment ago."""
        # Only the callers of a process that has just started wait for each other.
        if not self._checking.acquire(blocking=self._found is None):
            return self._found or []
        try:
            if self._found is None or time.monotonic() >= self._until:
                self._found = [name for name, check in CHECKS.items() if not _answers(name, check)]
                self._until = time.monotonic() + settings.READY_KEPT_S
            return self._found
        finally:
            self._checking.release()


def _answers(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:
        log.warning("not ready: %s (%s)", name, type(error).__name__)
        return False
    return True


readiness = Readiness()


@cache_control(no_store=True)
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database, Valkey and a worker respond, else 503; monitors get the names of those that don't.

    Without a sweep the status is `degraded`, with 200: taking the process out of service would help nobody.
    """
    failing = readiness.failing()
    named = {"failing": failing} if is_monitor(request) or not failing else {}
    if not failing:
        return JsonResponse({"status": "ok", **named})
    if DEGRADING.issuperset(failing):
        return JsonResponse({"status": "degraded", **named})
    return JsonResponse({"status": "unavailable", **named}, status=503)
