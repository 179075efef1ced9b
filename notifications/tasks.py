"""Sending web pushes, in workers: a push service may take its time."""

from datetime import datetime
from threading import BoundedSemaphore

from celery import shared_task
from django.utils import timezone

from core.jobs import enqueue
from notifications import web_push

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
        enqueue("send_push", push_id, expires_s=web_push.TRY_AGAIN.total_seconds())
