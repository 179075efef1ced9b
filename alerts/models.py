"""Alerts, their history, and what is told about them."""

from django.db import models
from django.db.models import Q

from alerts.states import ALERT_GRAPH, AlertStatus, Channel, Severity, Told
from core.ids import new_id
from core.transitions import Stateful, Transition

RULE_MAX_CHARS = 40
SCOPE_MAX_CHARS = 64


class AlertTransition(Transition):
    subject = models.ForeignKey("alerts.Alert", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Alert(Stateful):
    """A rule that found what it looks for, from then until it is over. One is open for each rule and scope."""

    graph = ALERT_GRAPH
    history = AlertTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.CharField(max_length=RULE_MAX_CHARS, help_text="A name in alerts/rules.py.")
    scope = models.CharField(max_length=SCOPE_MAX_CHARS, blank=True, help_text="Such as a region; empty: all of it.")
    # By name only: no code in this app imports the app of regions.
    region = models.ForeignKey(
        "regions.Region", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    severity = models.CharField(max_length=8, choices=Severity.choices)
    status = models.CharField(max_length=16, choices=AlertStatus.choices, default=AlertStatus.FIRING)
    value = models.FloatField(help_text="What the rule found when it fired.")
    limit = models.FloatField(help_text="The limit of the rule then.")
    fired_at = models.DateTimeField(db_index=True)
    escalate_at = models.DateTimeField(
        null=True, help_text="When others are told, unless somebody has acknowledged it."
    )
    silenced_until = models.DateTimeField(null=True, help_text="Nothing is told until then, even if it fires again.")
    resolved_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["rule", "scope"],
                condition=~Q(status=AlertStatus.RESOLVED),
                name="alert_one_open_per_rule_and_scope",
            ),
            models.CheckConstraint(condition=Q(status__in=AlertStatus.values), name="alert_status_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="alert_severity_known"),
            models.CheckConstraint(
                condition=Q(status=AlertStatus.RESOLVED, resolved_at__isnull=False)
                | (~Q(status=AlertStatus.RESOLVED) & Q(resolved_at__isnull=True)),
                name="alert_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=AlertStatus.SILENCED) | Q(silenced_until__isnull=False),
                name="alert_silenced_has_end",
            ),
            models.CheckConstraint(
                condition=Q(escalate_at__isnull=True) | Q(status=AlertStatus.FIRING), name="alert_escalates_from_firing"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule} ({self.scope})" if self.scope else self.rule


class AlertNotice(models.Model):
    """One message about an alert by one channel, written with the step that it tells of, and sent by the sweep."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notices")
    told = models.CharField(max_length=16, choices=Told.choices)
    channel = models.CharField(max_length=16, choices=Channel.choices)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When it is to be sent; empty afterwards.")
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(told__in=Told.values), name="alert_notice_told_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="alert_notice_channel_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_told_display()}: {self.get_channel_display()}"
