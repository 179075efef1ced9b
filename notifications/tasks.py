"""The task that sends web pushes, in workers, because a push service may be slow."""

from threading import BoundedSemaphore

from celery import shared_task

from notifications import web_push

# The threads of a worker that may send, so that slow push services never keep all threads from matching.
SENDERS = BoundedSemaphore(2)


@shared_task(name="send_push")
def send_push(push_id: str) -> None:
    """Send one push to the devices of its recipient. Safe to run twice, simultaneously or after a crash."""
    if not SENDERS.acquire(blocking=False):
        web_push.PUSHES.release(push_id)  # the sweep enqueues it again
        return
    try:
        web_push.send(push_id)
    finally:
        SENDERS.release()
