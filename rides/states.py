"""The states of a ride, and the transitions between them."""

from django.db import models

from core.transitions import Graph


class RideStatus(models.TextChoices):
    EN_ROUTE = "en_route", "On the way"
    IN_PROGRESS = "in_progress", "Cheering"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


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
