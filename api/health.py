"""Health checks: `healthz` for the process, `readyz` for the system."""

import logging
from collections.abc import Callable

from celery import current_app
from django.db import connection
from django.http import HttpRequest, JsonResponse

from core import valkey

log = logging.getLogger(__name__)
WORKER_ANSWER_S = 1.5


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200: the process is up."""
    return JsonResponse({"status": "ok"})


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _valkey() -> None:
    valkey.client().ping()


def _worker() -> None:
    if not current_app.control.broadcast("ping", reply=True, timeout=WORKER_ANSWER_S, limit=1):
        raise TimeoutError("no worker answered")


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "valkey": _valkey, "worker": _worker}


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database, Valkey and a worker respond, else 503 with the names of those that don't."""
    failing = []
    for name, check in CHECKS.items():
        try:
            check()
        except Exception as error:
            log.warning("not ready: %s (%s)", name, type(error).__name__)
            failing.append(name)
    if failing:
        return JsonResponse({"status": "unavailable", "failing": failing}, status=503)
    return JsonResponse({"status": "ok", "failing": []})
