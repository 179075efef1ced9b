"""Sending web pushes, in workers: a push service may take its time."""

from threading import BoundedSemaphore

from celery import shared_task

from notifications import web_push

# Of a worker's threads, so that slow push services never keep all of them from matching.
SENDERS = BoundedSemaphore(2)


@shared_task(name="send_push")
def send_push(push_id: str) -> None:
    """Send one push to the devices of its recipient. Safe to run twice, simultaneously or after a crash."""
    if not SENDERS.acquire(blocking=False):
        return  # it stays queued, and the sweep enqueues it again
    try:
        web_push.send(push_id)
    finally:
        SENDERS.release()
