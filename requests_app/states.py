"""The statuses of requests, offers and planned cheers, and the transitions between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.transitions import Graph


class RequestStatus(models.TextChoices):
    PENDING = "pending", _("Looking for a partner")
    OFFERED = "offered", _("Offered to a partner")
    ACCEPTED = "accepted", _("Accepted")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    NO_MATCH = "no_match", _("No partner found")


REQUEST_GRAPH = Graph(
    RequestStatus,
    initial=RequestStatus.PENDING,
    edges={
        RequestStatus.PENDING: [RequestStatus.OFFERED, RequestStatus.CANCELLED, RequestStatus.NO_MATCH],
        RequestStatus.OFFERED: [RequestStatus.ACCEPTED, RequestStatus.PENDING, RequestStatus.CANCELLED],
        # Back to pending: the partner cancelled before the session, or staff released the request.
        RequestStatus.ACCEPTED: [RequestStatus.COMPLETED, RequestStatus.CANCELLED, RequestStatus.PENDING],
        # The dead letter queue: staff may requeue or close it.
        RequestStatus.NO_MATCH: [RequestStatus.PENDING, RequestStatus.CANCELLED],
    },
)
OPEN = [RequestStatus.PENDING, RequestStatus.OFFERED, RequestStatus.ACCEPTED]


class OfferStatus(models.TextChoices):
    PENDING = "pending", "Waiting for an answer"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"
    RESCINDED = "rescinded", "Rescinded"


OFFER_GRAPH = Graph(
    OfferStatus,
    initial=OfferStatus.PENDING,
    edges={
        OfferStatus.PENDING: [
            OfferStatus.ACCEPTED,
            OfferStatus.DECLINED,
            OfferStatus.EXPIRED,
            OfferStatus.RESCINDED,
        ],
    },
)


class ScheduledStatus(models.TextChoices):
    WAITING = "waiting", "Waiting for its time"
    REQUESTED = "requested", "Requested"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Could not be requested"


SCHEDULED_GRAPH = Graph(
    ScheduledStatus,
    initial=ScheduledStatus.WAITING,
    edges={
        ScheduledStatus.WAITING: [ScheduledStatus.REQUESTED, ScheduledStatus.CANCELLED, ScheduledStatus.FAILED],
    },
)
