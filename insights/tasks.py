"""The tasks of this app, which its rooms declare; Celery finds them here."""

from insights.arrival.tasks import learn_arrivals
from insights.facts.tasks import count_facts
from insights.forecast.tasks import refresh_forecast, train_forecast

__all__ = ["count_facts", "learn_arrivals", "refresh_forecast", "train_forecast"]
