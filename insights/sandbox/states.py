"""The statuses of trials, the rules of a half hour, and how switchbacks end."""

from django.db import models

TIMES_MAX = 10.0  # as many partners as there were


class TrialStatus(models.TextChoices):
    WAITING = "waiting", "Waits for a worker"
    RUNNING = "running", "Runs"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Stage(models.TextChoices):
    """The stages of a running trial, in order."""

    READING = "reading", "Reads the day"
    IN_FORCE = "in_force", "Replays the rules that were in force"
    VARIANT = "variant", "Replays the rules to try"
    COMPARING = "comparing", "Compares"


class Failure(models.TextChoices):
    """Why a trial has no result."""

    NO_REQUESTS = "no_requests", "The region has no requests of that day"
    RULES = "rules", "Its rules do not go together with those that were in force on that day"
    TOO_LONG = "too_long", "It took too long"
    BROKE = "broke", "It broke on our side; the log says why"


class Arm(models.TextChoices):
    """The rules of a half hour of a switchback."""

    BEFORE = "before", "The rules from before"
    TRIED = "tried", "The rules that are tried"


class SwitchbackEnd(models.TextChoices):
    """Why a switchback has ended."""

    OVER = "over", "Its days are over"
    STOPPED = "stopped", "Staff stopped it"
    GUARD = "guard", "Too many more requests stayed unmatched under the rules that are tried"
    CHANGED = "changed", "The policy was changed meanwhile"
