"""The tasks of this app, which its rooms declare; Celery finds them here."""

from insights.arrival.tasks import learn_arrivals
from insights.facts.tasks import count_facts
from insights.forecast.tasks import refresh_forecast, train_forecast
from insights.positioning.tasks import advise_partners
from insights.sandbox.tasks import judge_shadow, run_trial, switch_rules

__all__ = [
    "advise_partners",
    "count_facts",
    "judge_shadow",
    "learn_arrivals",
    "refresh_forecast",
    "run_trial",
    "switch_rules",
    "train_forecast",
]
