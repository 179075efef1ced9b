"""The threads in which sockets use the database."""

import asyncio
import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import close_old_connections, connections, reset_queries

TRUSTED_S = 0.5  # after a job, its thread's connections count as sound for jobs that may fail
THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="socket-db")
_jobs = threading.local()


def in_thread(function: Any, *, trusting: bool = False) -> Any:
    """Make a blocking function awaitable; it runs on the sockets' own threads.

    Each job first tests the connections that it uses by a statement. A `trusting` one spares that shortly after another
    job, so it fails if the database was restarted in between.

    asgiref's `sync_to_async` is not used: it brings what the job has set in its context back, which takes longer than a
    statement.
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        if trusting and time.monotonic() - getattr(_jobs, "ended", 0.0) < TRUSTED_S:
            for connection in connections.all(initialized_only=True):
                connection.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs
        try:
            return function(*args, **kwargs)
        finally:
            reset_queries()  # DEBUG collects statements until a request ends, and a socket has no request
            close_old_connections()
            _jobs.ended = time.monotonic()

    async def call(*args: Any, **kwargs: Any) -> Any:
        job = partial(contextvars.copy_context().run, run, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(THREADS, job)

    return call
