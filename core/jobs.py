"""Background jobs: enqueueing Celery tasks by name, as hints.

The database says what is to be done; a queued task only makes it happen sooner. A task that gets lost is queued
again by the sweep.
"""

import logging
from typing import Any

import kombu.exceptions
import redis
from celery import current_app

log = logging.getLogger(__name__)

BROKER_AWAY = (kombu.exceptions.OperationalError, redis.RedisError, OSError)


def enqueue(task: str, *arguments: Any, expires_s: float, queue: str | None = None) -> bool:
    """Enqueue a task by its name; returns False if the broker is away, which the sweep makes good.

    The task is dropped if no worker takes it within `expires_s`.
    """
    try:
        current_app.send_task(task, arguments, expires=expires_s, queue=queue)
    except BROKER_AWAY as error:
        log.warning("task %s was not enqueued (%s); the sweep will", task, type(error).__name__)
        return False
    return True
