"""The severities and statuses of alerts, and the channels by which they are told."""

from django.db import models

from core.transitions import Graph


class Severity(models.TextChoices):
    PAGE = "page", "Page: somebody must act now"
    WARN = "warn", "Warning: somebody must look today"


class AlertStatus(models.TextChoices):
    FIRING = "firing", "Firing"
    ESCALATED = "escalated", "Escalated"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    SILENCED = "silenced", "Silenced"
    RESOLVED = "resolved", "Resolved"


ALERT_GRAPH = Graph(
    AlertStatus,
    initial=AlertStatus.FIRING,
    edges={
        AlertStatus.FIRING: [
            AlertStatus.ESCALATED,
            AlertStatus.ACKNOWLEDGED,
            AlertStatus.SILENCED,
            AlertStatus.RESOLVED,
        ],
        AlertStatus.ESCALATED: [AlertStatus.ACKNOWLEDGED, AlertStatus.SILENCED, AlertStatus.RESOLVED],
        AlertStatus.ACKNOWLEDGED: [AlertStatus.SILENCED, AlertStatus.RESOLVED],
        # The silence is over, and the cause is not.
        AlertStatus.SILENCED: [AlertStatus.FIRING, AlertStatus.RESOLVED],
    },
)
OPEN = [AlertStatus.FIRING, AlertStatus.ESCALATED, AlertStatus.ACKNOWLEDGED, AlertStatus.SILENCED]


class Channel(models.TextChoices):
    MAIL = "mail", "Mail"
    WEBHOOK = "webhook", "Webhook"
    CHAT = "chat", "Chat"
    ESCALATION = "escalation", "Mail to those who are told when nobody answers"


class Told(models.TextChoices):
    FIRED = "fired", "It fires"
    ESCALATED = "escalated", "Nobody has acknowledged it"
    RESOLVED = "resolved", "It is over"
