"""The statuses of a partner and of an application, and their state graphs."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.transitions import Graph


class PartnerType(models.TextChoices):
    """The type of a partner."""

    CHEERLEADER = "cheerleader", _("Cheerleader")
    COACH = "coach", _("Coach")
    MUSICIAN = "musician", _("Musician")
    MASCOT = "mascot", _("Mascot")


class PartnerStatus(models.TextChoices):
    OFFLINE = "offline", "Offline"
    AVAILABLE = "available", "Available"
    OFFERED = "offered", "Offered"
    BUSY = "busy", "Busy"


PARTNER_GRAPH = Graph(
    PartnerStatus,
    initial=PartnerStatus.OFFLINE,
    edges={
        PartnerStatus.OFFLINE: [PartnerStatus.AVAILABLE],
        PartnerStatus.AVAILABLE: [PartnerStatus.OFFLINE, PartnerStatus.OFFERED],
        # An offer is accepted, or ends and frees the partner, or the partner goes offline during it.
        PartnerStatus.OFFERED: [PartnerStatus.AVAILABLE, PartnerStatus.BUSY, PartnerStatus.OFFLINE],
        PartnerStatus.BUSY: [PartnerStatus.AVAILABLE, PartnerStatus.OFFLINE],
    },
)


class Application(models.TextChoices):
    APPLIED = "applied", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    SUSPENDED = "suspended", "Suspended"


APPLICATION_GRAPH = Graph(
    Application,
    initial=Application.APPLIED,
    edges={
        Application.APPLIED: [Application.APPROVED, Application.REJECTED],
        Application.APPROVED: [Application.SUSPENDED],
        Application.REJECTED: [Application.APPROVED],
        Application.SUSPENDED: [Application.APPROVED],
    },
)
