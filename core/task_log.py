"""A line for each task that a worker runs. A task carries the ids of the lines of whatever enqueued it."""

import logging
import time
from contextlib import ExitStack
from typing import Any

from celery import signals, states

from core.log_context import bound, carried, ids
from core.metrics import TASK
from core.tracing import ERROR, Told, span

log = logging.getLogger(__name__)
HEADER = "log_ids"

_running: dict[str, tuple[ExitStack, float, Told]] = {}  # by the task's id


@signals.setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Keep Celery from setting up logging: Django's set-up serves the worker, too."""


@signals.before_task_publish.connect
def send_ids(headers: dict[str, Any], **_: Any) -> None:
    """Let the message carry the ids of its sender."""
    if isinstance(headers, dict):
        headers[HEADER] = ids()


@signals.task_prerun.connect
def begin(task_id: str, task: Any, **_: Any) -> None:
    """Give the lines of the task its id and those of its sender."""
    stack = ExitStack()
    stack.enter_context(bound(**{**carried(getattr(task.request, HEADER, None)), "task": task_id}))
    _running[task_id] = (stack, time.perf_counter(), stack.enter_context(span(f"task {task.name}")))


@signals.task_postrun.connect
def end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    """Log how the task has ended."""
    running = _running.pop(task_id, None)
    if running is None:
        return
    stack, begun, told = running
    seconds = time.perf_counter() - begun
    ms = round(seconds * 1000, 1)
    TASK.observe(seconds, task.name, (state or "none").lower())
    fields = {"event": "task", "name": task.name, "state": (state or "").lower(), "ms": ms}
    log.info("task", extra={"fields": fields})
    told.attributes["state"] = fields["state"]
    if state == states.FAILURE:
        told.attributes[ERROR] = fields["state"]
    stack.close()
