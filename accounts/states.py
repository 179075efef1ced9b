"""What a partner and a partner's application may become."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.transitions import Graph


class PartnerType(models.TextChoices):
    """What kind of cheer a partner brings."""

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
        # An offer ends in acceptance, or gives the partner back, or the partner leaves it for home.
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
