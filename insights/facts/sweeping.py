"""The sweep's pass about facts. It only enqueues: a worker counts."""

from datetime import datetime

from insights.facts.models import Counting
from insights.facts.services import COUNTING, FACTS


def sweep_facts(now: datetime) -> None:
    """Enqueue the counting of facts if it is due."""
    if not Counting.objects.filter(pk=FACTS).exists():
        Counting.objects.bulk_create([Counting(pk=FACTS, due_at=now)], ignore_conflicts=True)
    COUNTING.enqueue_due(now)
