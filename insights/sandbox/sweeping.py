"""The sweep's pass about the sandbox. It only enqueues."""

from datetime import datetime

from insights.sandbox.jobs import SHADOWS, SWITCHBACKS, TRIALS


def sweep_sandbox(now: datetime) -> None:
    """Enqueue trials to run, shadows to judge, and switchbacks whose next half hour begins."""
    for rows in (SWITCHBACKS, SHADOWS, TRIALS):
        rows.enqueue_due(now)
