"""The sandbox's jobs, as Celery tasks. Each is a hint: a row says when it is due."""

from uuid import UUID

from celery import shared_task

from insights.sandbox import running, shadows, turning


@shared_task(name="run_trial")
def run_trial(trial_id: str) -> None:
    """Run a trial. Safe to run twice: a lease keeps a second one from starting."""
    running.run_trial(UUID(trial_id))


@shared_task(name="judge_shadow")
def judge_shadow(shadow_id: str) -> None:
    """Judge the offers made since the last time. Safe to run twice: a mark says what has been judged."""
    shadows.judge_shadow(UUID(shadow_id))


@shared_task(name="switch_rules")
def switch_rules(switchback_id: str) -> None:
    """Take the turn of a switchback. Safe to run twice: a half hour has one row."""
    turning.switch_rules(UUID(switchback_id))
