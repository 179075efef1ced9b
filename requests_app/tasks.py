"""The matcher as a Celery task, with one queue per region."""

import logging
from contextlib import suppress

from celery import shared_task
from django.conf import settings

from core import valkey
from core.log_context import note
from regions.models import Region
from regions.selectors import region_by_slug
from requests_app import wakeups
from requests_app.matching import batch as matching

log = logging.getLogger(__name__)

LOCK_S = 3  # a matcher that died blocks its region for at most this long
WAIT_S = 3  # for another one that runs
ROUNDS_MAX = 50  # calls of `match_batch` per run; a new wake-up continues


@shared_task(name="match_region")
def match_region(region_slug: str) -> None:
    """Match the requests that wait in a region. Safe to run twice, concurrently or after a crash.

    The lock only spares the database duplicate work; constraints and row locks make concurrent runs harmless.
    """
    note(region=region_slug)
    key = f"{{{region_slug}}}:match:lock"
    try:
        wakeups.taken(region_slug)
        region = region_by_slug(region_slug)
        if region is None:
            return
        lock = valkey.client().lock(key, timeout=LOCK_S, blocking_timeout=WAIT_S)
        with lock:
            for _ in range(ROUNDS_MAX):
                if not matching.match_batch(region):
                    return
                lock.reacquire()
        wakeups.wake(region_slug)
    except valkey.Unreachable as error:
        log.warning("matching in %s stopped (%s); the sweep goes on", region_slug, type(error).__name__)
        with suppress(valkey.Unreachable):
            valkey.drop_overdue(key, LOCK_S)


def worker_queues() -> list[str]:
    """The queues consumed by a worker that serves every region."""
    slugs = Region.objects.order_by("slug").values_list("slug", flat=True)
    return [settings.CELERY_TASK_DEFAULT_QUEUE, *(wakeups.match_queue(slug) for slug in slugs)]
