"""The codes for why requests, offers and planned cheers were closed."""

from django.db import models

from core.reasons import Reason, said


class RequestClosed(models.TextChoices):
    NOBODY_ACCEPTED = "nobody_accepted", "Nobody accepted"
    NO_PARTNER_NEARBY = "no_partner_nearby", "No partner nearby"
    CANCELLED_BY_USER = "cancelled_by_user", "Cancelled by its user"
    CANCELLED_BY_STAFF = "cancelled_by_staff", "Cancelled by staff"
    NO_SHOW = "no_show", "Nobody was there"
    CARD_DECLINED = "card_declined", "The card was declined"
    CARD_NOT_CONFIRMED = "card_not_confirmed", "The card was not confirmed"


class OfferClosed(models.TextChoices):
    TOO_FAR = "too_far", "Too far"
    BUSY = "busy", "Busy"
    UNSAFE = "unsafe", "Feels unsafe"
    WENT_OFFLINE = "went_offline", "Went offline"
    OTHER = "other", "Another reason"
    CANCELLED = "cancelled", "The request was cancelled"
    TAKEN = "taken", "The request was taken back"


# The codes that a partner may give for turning down an offer.
DECLINE_CODES = (OfferClosed.TOO_FAR, OfferClosed.BUSY, OfferClosed.UNSAFE, OfferClosed.OTHER)


class ScheduledClosed(models.TextChoices):
    CANCELLED_BY_USER = "cancelled_by_user", "Cancelled by its user"
    REQUEST_ALREADY_OPEN = "request_already_open", "Another request was open"
    TYPE_NOT_OFFERED = "type_not_offered", "No longer offered"
    REGION_NOT_SERVED = "region_not_served", "The place is not served"
    REGION_PAUSED = "region_paused", "The region took no requests"
    REGION_CLOSED = "region_closed", "The region was closed"
    NOT_A_USER = "not_a_user", "No user any more"
    CARD_REQUIRED = "card_required", "No card"
    PAYMENT_OVERDUE = "payment_overdue", "A payment was overdue"
    OTHER = "other", "Another reason"


def failure(code: str) -> Reason:
    """Return the reason why a planned cheer could not be requested, from the code of the conflict."""
    return said(code, ScheduledClosed.values, ScheduledClosed.OTHER)
