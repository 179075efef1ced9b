"""The jobs of the sandbox, by the rows that say when they are due."""

from core.jobs import DueRows
from insights.sandbox.models import Shadow, Switchback, Trial

TRIALS = DueRows(Trial, "due_at", "run_trial")
SHADOWS = DueRows(Shadow, "due_at", "judge_shadow")
SWITCHBACKS = DueRows(Switchback, "due_at", "switch_rules")
