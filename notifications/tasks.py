"""Sending web pushes, in workers: a push service may take its time."""

import logging
from datetime import datetime
from threading import BoundedSemaphore

import kombu.exceptions
from celery import shared_task
from django.utils import timezone

from notifications import web_push
from speedycheers import valkey

log = logging.getLogger(__name__)

# Of a worker's threads, so that slow push services never keep all of them from matching.
AT_ONCE = BoundedSemaphore(2)


@shared_task(name="send_push")
def send_push(push_id: int) -> None:
    """Send one push to the devices of its recipient. Safe to run twice, at once or after a crash."""
    if not AT_ONCE.acquire(blocking=False):
        return  # the sweep names it again
    try:
        web_push.send(push_id, now=timezone.now())
    finally:
        AT_ONCE.release()


def send_due_pushes(now: datetime) -> None:
    """Hand what is due to the workers. While the broker is away, what is not handed over is due again soon."""
    for push_id in web_push.due(now):
        try:
            send_push.apply_async((push_id,), expires=web_push.TRY_AGAIN.total_seconds())
        except (valkey.Unreachable, kombu.exceptions.OperationalError, OSError) as error:
            log.warning("a push was not handed to a worker (%s); the sweep will try again", type(error).__name__)
