"""The sweep's pass about the sandbox. It only enqueues."""

from datetime import datetime

from insights.sandbox.jobs import SHADOWS, TRIALS


def sweep_sandbox(now: datetime) -> None:
    """Enqueue trials to run and shadows to judge."""
    for rows in (SHADOWS, TRIALS):
        rows.enqueue_due(now)
