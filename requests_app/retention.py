"""Makes requests coarse: their exact places, and the words that people typed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Round

from core.pruning import kept_for
from requests_app.models import (
    CheerRequest,
    CheerRequestTransition,
    Offer,
    OfferTransition,
    ScheduledRequest,
    ScheduledRequestTransition,
)
from requests_app.records import DeadLetter
from requests_app.states import OPEN, ScheduledStatus
from rides.models import Ride, RideTransition

COARSE_DEGREES = 2  # digits after the point: about a kilometre


# The columns to overwrite, and their new values. Overwriting them again changes nothing.
COARSE_REQUEST: Mapping[str, Any] = {
    "note": "",
    "lat": Round("lat", COARSE_DEGREES),
    "lng": Round("lng", COARSE_DEGREES),
    "closed_note": "",
}
COARSE_OFFER: Mapping[str, Any] = {"closed_note": ""}
COARSE_RIDE: Mapping[str, Any] = {
    "start_lat": Round("start_lat", COARSE_DEGREES),
    "start_lng": Round("start_lng", COARSE_DEGREES),
    "rating_comment": "",
    "closed_note": "",
}
COARSE_LETTER: Mapping[str, Any] = {"note": ""}
BATCH = 500  # rows of one table per transaction


def coarsen_requests(now: datetime) -> int:
    """Make requests coarse that are over and older than `PLACES_KEPT_DAYS`, a batch of them; returns their number.

    Their offers and rides go with them, and the reasons that people gave for their steps. What is open stays exact.
    `coarse` marks what is done, so that a batch is read from an index of the other rows.
    """
    return _coarsen(exact_requests(now - kept_for("PLACES_KEPT_DAYS")), _coarsen_requests)


def coarsen_scheduled(now: datetime) -> int:
    """Make planned cheers coarse in the same way."""
    return _coarsen(exact_scheduled(now - kept_for("PLACES_KEPT_DAYS")), _coarsen_scheduled)


def _coarsen(pending: QuerySet[Any], coarsen: Callable[[list[UUID]], None]) -> int:
    if not pending.exists():  # a read first, because a writing transaction would block others on SQLite
        return 0
    with transaction.atomic():
        # Other processes may be at it: each takes a batch of its own.
        batch = list(pending.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)[:BATCH])
        coarsen(batch)
    return len(batch)


def exact_requests(before: datetime) -> QuerySet[CheerRequest]:
    """Select the requests to make coarse, oldest first."""
    old = CheerRequest.objects.filter(coarse=False, created_at__lt=before)
    return old.exclude(status__in=OPEN).order_by("created_at")


def exact_scheduled(before: datetime) -> QuerySet[ScheduledRequest]:
    """Select the planned cheers to make coarse, oldest first."""
    old = ScheduledRequest.objects.filter(coarse=False, scheduled_for__lt=before)
    return old.exclude(status=ScheduledStatus.WAITING).order_by("scheduled_for")


def _coarsen_requests(ids: list[UUID]) -> None:
    CheerRequest.objects.filter(pk__in=ids).update(coarse=True, **COARSE_REQUEST)
    Offer.objects.filter(request__in=ids).update(**COARSE_OFFER)
    Ride.objects.filter(request__in=ids).update(**COARSE_RIDE)
    DeadLetter.objects.filter(request__in=ids).update(**COARSE_LETTER)
    _forget_words(CheerRequestTransition.objects.filter(subject__in=ids))
    _forget_words(OfferTransition.objects.filter(subject__request__in=ids))
    _forget_words(RideTransition.objects.filter(subject__request__in=ids))


def _coarsen_scheduled(ids: list[UUID]) -> None:
    ScheduledRequest.objects.filter(pk__in=ids).update(coarse=True, **COARSE_REQUEST)
    _forget_words(ScheduledRequestTransition.objects.filter(subject__in=ids))


def _forget_words(steps: QuerySet[Any]) -> None:
    """Clear the reasons that people gave; the system's are codes."""
    steps.filter(actor__isnull=False).exclude(reason="").update(reason="")
