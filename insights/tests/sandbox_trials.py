"""Trials for tests: asked for, and done with a small result."""

from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import User
from insights.sandbox.models import Trial
from insights.sandbox.states import TrialStatus
from insights.sandbox.trials import ask_trial
from regions.models import Region

FIGURES = {
    "requests": 6,
    "served": 5,
    "unmatched": 1,
    "cancelled": 0,
    "mean_wait_s": 300.0,
    "p50_wait_s": 280.0,
    "p90_wait_s": 500.0,
    "mean_offer_s": 12.0,
    "mean_way_m": 900.0,
    "earned_p10": 1000.0,
    "earned_p50": 2000.0,
    "earned_p90": None,
    "gini": 0.2,
}
DIFFERENCE = {"value": -30.0, "low": -50.0, "high": -10.0}
DAY = [[6, 300.0, 0.1667], *([None] * 48)]
RESULT: dict[str, Any] = {
    "region": "nyc",
    "day": "2026-05-07",
    "seed": 1,
    "warnings": ["Places of this day have been rounded to about a kilometre."],
    "fidelity": {"assigned": 0.97, "wait": 1.01, "recorded_wait_s": 300.0},
    "runs": [
        {"name": "recorded", "figures": FIGURES, "differences": {}},
        {"name": "in force", "figures": FIGURES, "differences": {}},
        {
            "name": "=wider",
            "figures": FIGURES,
            "differences": dict.fromkeys(("mean_wait_s", "p50_wait_s", "p90_wait_s", "unmatched_share"), DIFFERENCE),
        },
    ],
    "half_hours": 48,
    "zones": [{"south": 40.74, "west": -73.99, "wide": 0.0264, "runs": [DAY, DAY, DAY]}],
}


def asked(region: Region, author: User, now: datetime, **how: Any) -> Trial:
    """A trial of a day that is over."""
    said: dict[str, Any] = {"name": "=wider", "changes": {"age_credit": 2.0}, **how}
    day: date = said.pop("day", (now - timedelta(days=2)).date())
    return ask_trial(region, day, author=author, now=now, **said)


def done(region: Region, author: User, now: datetime, **how: Any) -> Trial:
    """A trial with a result."""
    trial = asked(region, author, now, **how)
    Trial.objects.filter(pk=trial.pk).update(status=TrialStatus.DONE, due_at=None, ended_at=now, result=RESULT)
    return Trial.objects.select_related("region").get(pk=trial.pk)
