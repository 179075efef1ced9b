"""`manage.py replay_trial`: the child in which a worker has a trial replayed (insights/sandbox/replaying.py)."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from core.errors import Invalid
from insights.sandbox.conditions import Variant
from insights.sandbox.models import Trial
from insights.sandbox.states import Failure
from insights.sandbox.trying import try_rules


class Command(BaseCommand):
    help = "Replay a trial and write what a worker reads. Workers call this; it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("trial", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        replay(options["trial"], self._write)

    def _write(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def replay(trial_id: UUID, write: Callable[[str], None]) -> None:
    """Replay a trial, and write the lines for the worker."""
    trial = Trial.objects.select_related("region").get(pk=trial_id)
    variant = Variant(trial.name, trial.changes, trial.partners)
    try:
        report = try_rules(
            trial.region,
            trial.day,
            [variant],
            seed=trial.seed,
            told=lambda stage: write(json.dumps({"stage": stage})),
        )
    except Invalid:  # they go with the rules of today, and not with those of that day
        write(json.dumps({"failure": Failure.RULES}))
        return
    if report.runs[0].figures.requests:
        write(json.dumps({"result": report.as_result()}, allow_nan=False))
    else:
        write(json.dumps({"failure": Failure.NO_REQUESTS}))
