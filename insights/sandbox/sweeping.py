"""The sweep's pass about the sandbox. It only enqueues."""

from datetime import datetime

from insights.sandbox.jobs import TRIALS


def sweep_sandbox(now: datetime) -> None:
    """Enqueue trials to run."""
    TRIALS.enqueue_due(now)
