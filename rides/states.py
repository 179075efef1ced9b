"""The states of a ride, and the transitions between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.transitions import Graph


class RideStatus(models.TextChoices):
    EN_ROUTE = "en_route", "On the way"
    IN_PROGRESS = "in_progress", "Cheering"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class EndedBy(models.TextChoices):
    PARTNER = "partner", _("Partner")
    USER = "user", _("User")
    SYSTEM = "system", _("The service")
    STAFF = "staff", _("Staff")


class Sign(models.TextChoices):
    """Something noticed or said about where partner and user are."""

    NOTICED = "noticed", "Arrival noticed by the server"
    REPORTED = "reported", "Arrival reported by the partner"
    LEFT = "left", "Partner left the place"
    USER_HERE = "user_here", "User says that they are there"
    NOBODY_HERE = "nobody_here", "User says that nobody is there"
    SILENT = "silent", "Nothing heard of the waiting partner"
    PARTED = "parted", "Partner left during the session"


RIDE_GRAPH = Graph(
    RideStatus,
    initial=RideStatus.EN_ROUTE,
    edges={
        RideStatus.EN_ROUTE: [RideStatus.IN_PROGRESS, RideStatus.CANCELLED],
        # No caller cancels a running session: staff end and bill it to release a stuck partner.
        RideStatus.IN_PROGRESS: [RideStatus.COMPLETED, RideStatus.CANCELLED],
    },
)
ACTIVE = [RideStatus.EN_ROUTE, RideStatus.IN_PROGRESS]
