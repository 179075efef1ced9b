"""Flags: the findings of rules against fraud, for staff to judge. Traces: what links accounts."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import new_id
from core.transitions import Stateful, Transition
from risk.states import FLAG_GRAPH, FlagKind, FlagStatus, TraceKind

SUBJECT_MAX_CHARS = 64


class FlagTransition(Transition):
    subject = models.ForeignKey("risk.Flag", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Flag(Stateful):
    """One finding of one rule about one thing, which `subject` names.

    A rule that fires again while its flag is open counts up `times`. `evidence` has ids, codes and numbers only.
    """

    graph = FLAG_GRAPH
    history = FlagTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=32, choices=FlagKind.choices)
    subject = models.CharField(max_length=SUBJECT_MAX_CHARS, help_text='Such as "ride:<id>".')
    status = models.CharField(max_length=10, choices=FlagStatus.choices, default=FlagStatus.OPEN)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="flags"
    )
    # By name only: the table refers to upper layers, but no code in this app imports them.
    request = models.ForeignKey(
        "requests_app.CheerRequest", null=True, blank=True, on_delete=models.PROTECT, related_name="flags"
    )
    ride = models.ForeignKey("rides.Ride", null=True, blank=True, on_delete=models.PROTECT, related_name="flags")
    payment = models.ForeignKey(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="flags"
    )
    figure = models.FloatField(null=True, blank=True, help_text="The figure that the rule found, the newest one.")
    limit = models.FloatField(null=True, blank=True, help_text="The limit that it passed.")
    evidence = models.JSONField(default=dict, blank=True)
    times = models.PositiveIntegerField(default=1, help_text="How often the rule has fired.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        permissions = (("review_flag", "Can review flags"),)
        indexes = (models.Index(fields=["status", "-last_at"], name="flag_status_last_at"),)
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(status=FlagStatus.OPEN),
                name="flag_one_open_per_kind_and_subject",
            ),
            models.CheckConstraint(condition=Q(kind__in=FlagKind.values), name="flag_kind_known"),
            models.CheckConstraint(condition=Q(status__in=FlagStatus.values), name="flag_status_known"),
            models.CheckConstraint(condition=~Q(subject=""), name="flag_has_subject"),
            models.CheckConstraint(
                condition=Q(status=FlagStatus.OPEN, reviewed_at__isnull=True)
                | (~Q(status=FlagStatus.OPEN) & Q(reviewed_at__isnull=False)),
                name="flag_reviewed_unless_open",
            ),
            models.CheckConstraint(condition=Q(last_at__gte=models.F("first_at")), name="flag_times_in_order"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"


class Trace(models.Model):
    """A keyed digest of something that an account uses; equal digests of two accounts link them."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="traces", db_index=False
    )
    kind = models.CharField(max_length=8, choices=TraceKind.choices)
    digest = models.CharField(max_length=64)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField(db_index=True)

    class Meta:
        indexes = (models.Index(fields=["digest", "kind"], name="trace_digest"),)
        constraints = (
            models.UniqueConstraint(fields=["account", "kind", "digest"], name="trace_once_per_account"),
            models.CheckConstraint(condition=Q(kind__in=TraceKind.values), name="trace_kind_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} seen {self.last_seen:%Y-%m-%d}"
