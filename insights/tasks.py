"""The tasks of this app, which its rooms declare; Celery finds them here."""

from insights.arrival.tasks import learn_arrivals
from insights.facts.tasks import count_facts

__all__ = ["count_facts", "learn_arrivals"]
