"""The places that users have saved under a name."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from api.idempotency import effect
from core.database import refused_as
from core.errors import Conflict, Missing
from requests_app.models import SavedPlace

PLACES_MAX = 20  # per user


def places_of(user: User) -> QuerySet[SavedPlace]:
    """A user's places, oldest first."""
    return SavedPlace.objects.filter(user_id=user.pk).order_by("id")


def save_place(user: User, *, name: str, lat: float, lng: float, now: datetime) -> SavedPlace:
    """Save a place under a name; a name already in use moves to it. Raises `Conflict` (`too_many`)."""
    with effect() as answer:
        place = places_of(user).select_for_update(no_key=True).filter(name__iexact=name).first()
        if place is None:
            place = _new_place(user, name=name, lat=lat, lng=lng, now=now)
        else:
            place.name, place.lat, place.lng = name, lat, lng
            place.save(update_fields=["name", "lat", "lng"])
        answer.result(place)
    return place


def _new_place(user: User, *, name: str, lat: float, lng: float, now: datetime) -> SavedPlace:
    if places_of(user).count() >= PLACES_MAX:
        raise Conflict("too_many", "You have %(n)s places saved; forget one first.", n=PLACES_MAX)
    saved = Conflict("state_changed", "You have just saved that name. Try again.", "name")
    with refused_as({"place_one_per_user_and_name": saved}), transaction.atomic():
        return SavedPlace.objects.create(user=user, name=name, lat=lat, lng=lng, created_at=now)


def forget_place(user: User, place_id: UUID) -> None:
    """Delete a saved place. Raises `Missing`, also for another user's."""
    with effect() as answer:
        deleted, _ = places_of(user).filter(pk=place_id).delete()
        if not deleted:
            raise Missing
        answer.result()
