"""Partners who wait for their user, and of whom nothing is heard meanwhile."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from requests_app.locks import lock_ride
from rides import arrivals
from rides.models import Ride, RideSign
from rides.states import RideStatus, Sign

BATCH = 200
_noted = RideSign.objects.filter(ride=OuterRef("pk"), sign=Sign.SILENT, at__gte=OuterRef("arrived_at"))


def note_silences(now: datetime) -> None:
    """Record, once for each arrival, that a partner who waits has sent no position for `POSITION_FRESH_S`.

    It goes by the copies of positions in the database, which are some seconds old, so it needs no Valkey.
    """
    for ride_id in list(_silent(now).values_list("pk", flat=True)[:BATCH]):
        _note(ride_id, now=now)


def _silent(now: datetime) -> QuerySet[Ride]:
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    waiting = Ride.objects.filter(status=RideStatus.EN_ROUTE, arrived_at__lt=oldest)
    return waiting.filter(~Exists(_noted), partner__position_at__lt=oldest)


def _note(ride_id: UUID, *, now: datetime) -> None:
    with transaction.atomic():
        ride = lock_ride(ride_id)
        if _silent(now).filter(pk=ride_id).exists():  # another sweep may have been first, or the ride gone on
            arrivals.note_silence(ride, now=now)
