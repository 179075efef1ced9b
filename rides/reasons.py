"""The codes for why rides were cancelled."""

from django.db import models


class RideClosed(models.TextChoices):
    TOO_LATE = "too_late", "The partner could not get there in time"
    NOT_FOUND = "not_found", "The partner could not find the place"
    TRANSPORT = "transport", "The partner's transport failed"
    UNSAFE = "unsafe", "It did not feel safe to the partner"
    OTHER = "other", "Another reason of the partner"
    NO_SHOW = "no_show", "Nobody was there"
    CANCELLED_BY_USER = "cancelled_by_user", "Cancelled by its user"
    CANCELLED_BY_STAFF = "cancelled_by_staff", "Cancelled by staff"
    RELEASED_BY_STAFF = "released_by_staff", "The partner was released by staff"


# The codes that a partner may give for calling off a ride.
CALL_OFF_CODES = (
    RideClosed.TOO_LATE,
    RideClosed.NOT_FOUND,
    RideClosed.TRANSPORT,
    RideClosed.UNSAFE,
    RideClosed.OTHER,
)
