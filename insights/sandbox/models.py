"""Rules that staff try on a region: trials on a recorded day, shadows beside the matcher, and switchbacks."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from api.stored_json import StoredJSONField
from core.cold import ColdManager
from core.ids import new_id
from core.texts import Line
from insights.sandbox.states import TIMES_MAX, Arm, Failure, Stage, SwitchbackEnd, TrialStatus
from regions.models import Region
from regions.policies import Policy

NAME_MAX_CHARS = 60


def nothing() -> dict[str, Any]:
    """The default of columns with values by name."""
    return {}


class Trial(models.Model):
    """Rules that staff try on a recorded day of a region. What was asked never changes."""

    cold: ClassVar = frozenset({"result"})

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(help_text="In the region's time. It must be over.")
    name = Line(max_length=NAME_MAX_CHARS, help_text="What the rules are called, for example: wider.")
    reason = Line(max_length=200, blank=True, default="", help_text="What you want to know, for other staff.")
    changes = models.JSONField(default=nothing, help_text="What the rules change of those in force, by field.")
    partners = models.FloatField(
        default=1.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(TIMES_MAX)],
        help_text="How many times as many partners there are: 0.8 is a fifth fewer.",
    )
    seed = models.PositiveIntegerField(default=1, help_text="Of all that is drawn. The same seed draws the same.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    status = models.CharField(max_length=8, choices=TrialStatus.choices, default=TrialStatus.WAITING)
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When a worker takes it; empty at its end.")
    tries = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=10, choices=Stage.choices, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=12, choices=Failure.choices, blank=True, default="")
    result = StoredJSONField(null=True, editable=False, help_text="sandbox/report.py says what is in it.")
    policy = models.ForeignKey(
        Policy,
        null=True,
        on_delete=models.RESTRICT,
        related_name="+",
        help_text="The version that has put its rules in force.",
    )
    objects = ColdManager()

    class Meta:
        indexes = (models.Index(fields=["region", "-created_at"], name="trial_region"),)
        constraints = (
            models.CheckConstraint(condition=Q(partners__gte=0, partners__lte=TIMES_MAX), name="trial_partners_sane"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[TrialStatus.WAITING, TrialStatus.RUNNING],
                    due_at__isnull=False,
                    ended_at__isnull=True,
                    failure="",
                    result__isnull=True,
                )
                | Q(
                    status=TrialStatus.DONE,
                    due_at__isnull=True,
                    ended_at__isnull=False,
                    failure="",
                    result__isnull=False,
                )
                | Q(
                    status=TrialStatus.FAILED,
                    due_at__isnull=True,
                    ended_at__isnull=False,
                    failure__in=Failure.values,
                    result__isnull=True,
                ),
                name="trial_status_as_told",
            ),
            models.CheckConstraint(condition=Q(policy__isnull=True) | Q(status="done"), name="trial_in_force_was_done"),
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.day}"


class Shadow(models.Model):
    """Rules of a trial that decide beside those in force, from the records of decisions, and change nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="shadows")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = Line(max_length=200)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When it judges again; empty once it has ended.")
    mark = models.UUIDField(help_text="Offers up to this id are judged.")
    judged = models.PositiveIntegerField(default=0, help_text="Requests in decisions that it has judged.")
    differed = models.PositiveIntegerField(default=0, help_text="Those for which it would have chosen otherwise.")
    both = models.PositiveIntegerField(default=0, help_text="Those that have a partner under either rules.")
    way_really_m = models.FloatField(default=0.0, help_text="Metres of these together, under the rules in force.")
    way_instead_m = models.FloatField(default=0.0, help_text="Metres of these together, under its own rules.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["region"], condition=Q(ended_at=None), name="shadow_one_of_a_region"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False, ended_at=None) | Q(due_at=None, ended_at__isnull=False),
                name="shadow_is_due_until_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(differed__lte=F("judged"), both__lte=F("judged")), name="shadow_counts_go_together"
            ),
        )

    def __str__(self) -> str:
        return f"Shadow from {self.begun_at:%Y-%m-%d %H:%M}"


class ShadowChoice(models.Model):
    """A request for which a shadow would have chosen otherwise. A distance is empty where nobody was chosen."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shadow = models.ForeignKey(Shadow, on_delete=models.CASCADE, related_name="choices", db_index=False)
    request = models.ForeignKey("requests_app.CheerRequest", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(help_text="When the matcher decided.")
    really_m = models.FloatField(null=True, help_text="Metres from the partner who was offered it.")
    instead_m = models.FloatField(null=True, help_text="Metres from the partner whom the shadow would have asked.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["shadow", "at", "request"], name="shadow_choice_once"),
            models.CheckConstraint(
                condition=Q(really_m__isnull=False) | Q(instead_m__isnull=False), name="shadow_choice_of_somebody"
            ),
        )

    def __str__(self) -> str:
        return f"Choice of {self.at:%Y-%m-%d %H:%M:%S}"


class Switchback(models.Model):
    """Days on which a region's rules from before and those of a trial take turns by the half hour."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="switchbacks")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = Line(max_length=200)
    created_at = models.DateTimeField()
    begins_at = models.DateTimeField(help_text="The beginning of its first day, in the region's time.")
    ends_at = models.DateTimeField(help_text="The end of its last day.")
    seed = models.PositiveIntegerField(help_text="Of the order of the rules in each hour.")
    before = models.JSONField(help_text="What the policy from before says of the fields that the trial changes.")
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When the next half hour begins.")
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=8, choices=SwitchbackEnd.choices, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["region"], condition=Q(ended_at=None), name="switchback_one_of_a_region"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="switchback_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False, ended_at=None, end="")
                | Q(due_at=None, ended_at__isnull=False, end__in=SwitchbackEnd.values),
                name="switchback_is_due_until_it_ends",
            ),
        )

    def __str__(self) -> str:
        return f"Switchback from {self.begins_at:%Y-%m-%d}"


class SwitchbackSlot(models.Model):
    """A half hour of a switchback: the rules that were in force, since when, and what became of its requests."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    switchback = models.ForeignKey(Switchback, on_delete=models.CASCADE, related_name="slots", db_index=False)
    day = models.DateField(help_text="In the region's time.")
    number = models.PositiveSmallIntegerField(help_text="Counts the half hours of the day, from 0.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    arm = models.CharField(max_length=6, choices=Arm.choices)
    policy = models.ForeignKey(Policy, on_delete=models.RESTRICT, related_name="+", help_text="The version in force.")
    since = models.DateTimeField(help_text="From when on requests count: later if other rules were in force before.")
    requests = models.PositiveIntegerField(default=0, help_text="Those made from then on.")
    unmatched = models.PositiveIntegerField(default=0)
    served = models.PositiveIntegerField(default=0, help_text="Those to which a partner has come.")
    waited_s = models.FloatField(default=0.0, help_text="Seconds from request to arrival, of these together.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["switchback", "starts_at"], name="switchback_slot_once"),
            models.CheckConstraint(condition=Q(arm__in=Arm.values), name="switchback_slot_arm_known"),
            models.CheckConstraint(
                condition=Q(unmatched__lte=F("requests"), served__lte=F("requests"), waited_s__gte=0),
                name="switchback_slot_counts_go_together",
            ),
        )

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}, {self.get_arm_display()}"
