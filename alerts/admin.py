"""Alerts in the admin: staff acknowledge and silence them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, ChoicesDropdownFilter

from alerts.models import Alert, AlertNotice, AlertTransition
from alerts.rules import BY_NAME
from alerts.runbook import paragraphs_of
from alerts.services import acknowledge, silence
from alerts.states import ALERT_GRAPH, AlertStatus, Severity
from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import NOTHING, badge, identity, moment, moment_text, related, shown
from backoffice.regional import InRegion
from backoffice.steps import Step
from backoffice.story import Line, WithStory, by_staff

SHOWN_MAX = 50  # lines of each kind in the story, the newest
STATUS_COLOURS = {
    AlertStatus.FIRING: "danger",
    AlertStatus.ESCALATED: "danger",
    AlertStatus.ACKNOWLEDGED: "warning",
    AlertStatus.RESOLVED: "success",
}
SEVERITY_COLOURS = {Severity.PAGE: "danger", Severity.WARN: "warning"}


def _acknowledge(row: Alert, actor: Any, reason: str, now: Any) -> None:
    acknowledge(row, actor=actor, reason=reason, now=now)


def _silence(row: Alert, actor: Any, reason: str, now: Any) -> None:
    silence(row, actor=actor, reason=reason, now=now)


class AlertHistoryInline(HistoryInline):
    model = AlertTransition


class NoticeInline(ReadOnlyInline):
    """The notices about it, and whether they arrived."""

    model = AlertNotice
    verbose_name_plural = "Notices"
    written = moment("created_at", "Written")
    sent = moment("sent_at", "Sent")
    fields = ("told", "channel", "written", "sent", "tries")


@admin.register(Alert)
class AlertAdmin(WithStory, ReadOnlyAdmin):
    """The findings of the alert rules (alerts/rules.py), newest first."""

    reach = InRegion("region")
    steps = (
        Step(
            "acknowledge",
            "Acknowledge",
            _acknowledge,
            "You deal with it: it is not escalated any more. It resolves by itself once its cause has gone.",
            fits=lambda row: ALERT_GRAPH.allows(row.status, AlertStatus.ACKNOWLEDGED),
            icon="check",
            asks_reason=True,
        ),
        Step(
            "silence",
            "Silence",
            _silence,
            "Nothing is told about it for a while (ALERT_SILENCE_S), even if it fires again meanwhile.",
            fits=lambda row: ALERT_GRAPH.allows(row.status, AlertStatus.SILENCED),
            icon="notifications_off",
            asks_reason=True,
        ),
    )
    inlines = (NoticeInline, AlertHistoryInline)

    linked = identity()
    status_badge = badge("status", "Status", STATUS_COLOURS)
    severity_badge = badge("severity", "Severity", SEVERITY_COLOURS)
    fired = moment("fired_at", "Fired")
    resolved = moment("resolved_at", "Resolved")
    escalates = moment("escalate_at", "Escalates")
    silenced = moment("silenced_until", "Silenced until")
    region_link = related("region", "Region", named=True)

    @shown("What it means")
    def summary(self, row: Alert) -> str:
        rule = BY_NAME.get(row.rule)
        return rule.summary if rule else NOTHING

    @shown("Runbook")
    def runbook(self, row: Alert) -> SafeString | str:
        rule = BY_NAME.get(row.rule)
        if rule is None:
            return NOTHING
        told = format_html_join("", "<p>{}</p>", ((text,) for text in paragraphs_of(rule)))
        return format_html("{}{}", rule.runbook, told)

    @shown("Found / limit")
    def figures(self, row: Alert) -> str:
        return f"{row.value:g} / {row.limit:g}"

    def story(self, row: Alert, viewer: Any) -> Iterable[Line]:
        """Return its steps and its notices."""
        yield from by_staff(row, SHOWN_MAX)
        for notice in row.notices.order_by("-pk")[:SHOWN_MAX]:
            sent = f"sent {moment_text(notice.sent_at)}" if notice.sent_at else f"not sent, tried {notice.tries} times"
            yield Line(notice.created_at, f"Notice: {notice}", sent)
        for step in row.transitions.select_related("actor").order_by("-pk")[:SHOWN_MAX]:
            yield Line(step.at, str(AlertStatus(step.new).label), step.reason, step.actor)

    list_display = ("fired", "rule", "scope", "severity_badge", "status_badge", "figures", "resolved", "linked")
    list_filter = (("status", AllValuesCheckboxFilter), ("severity", ChoicesDropdownFilter))
    list_select_related = ("region",)
    search_fields = ("rule", "scope")
    search_ids = ("pk", "region_id")
    ordering = ("-fired_at",)
    fields = (
        ("rule", "scope"),
        "summary",
        "runbook",
        ("severity_badge", "status_badge"),
        ("figures", "region_link"),
        ("fired", "resolved"),
        ("escalates", "silenced"),
    )
    readonly_fields = (
        "summary",
        "runbook",
        "severity_badge",
        "status_badge",
        "figures",
        "region_link",
        "fired",
        "resolved",
        "escalates",
        "silenced",
    )


admin.site.register(AlertTransition, HistoryAdmin)
