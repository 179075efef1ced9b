"""Tasks without a row, which staff may enqueue again. All are safe to run twice."""

from django.db import transaction

from core.jobs import enqueue
from requests_app.wakeups import wake

EXPIRES_S = 60.0


def enqueue_on_commit(call: str) -> None:
    """Enqueue a task, with its texts as arguments, after the commit: `name:argument:…`."""
    name, *arguments = call.split(":")
    if name == "match_region":  # whose queue is its region's
        transaction.on_commit(lambda: wake(*arguments))
    else:
        transaction.on_commit(lambda: enqueue(name, *arguments, expires_s=EXPIRES_S))
