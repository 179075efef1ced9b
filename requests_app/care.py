"""The care that staff take of dead letters: their owners and notes. An owner keeps nobody from acting."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from accounts.models import User
from core.errors import Conflict
from requests_app.locks import lock_request
from requests_app.models import CheerRequest
from requests_app.records import DeadLetter
from requests_app.states import RequestStatus


class Care(models.TextChoices):
    """The dead letters that a member of staff looks for: their own, those without an owner, and those that are late."""

    MINE = "mine", "Mine"
    UNOWNED = "unowned", "Nobody's"
    OVERDUE = "overdue", "Overdue"


def target() -> timedelta:
    """The age at which a dead letter is overdue."""
    return timedelta(minutes=settings.DEAD_LETTER_TARGET_MINUTES)


def is_overdue(request: CheerRequest, *, now: datetime) -> bool:
    """Whether a request is a dead letter, and has been one for longer than it should."""
    return request.status == RequestStatus.NO_MATCH and now - request.give_up_at > target()


def cared_for(care: str | None, reader: User, *, now: datetime) -> Q:
    """Return the condition that leaves these of the dead letters; None, or any other text, leaves all of them."""
    return {
        Care.MINE.value: Q(dead_letter__owner=reader.pk),
        Care.UNOWNED.value: Q(dead_letter__owner__isnull=True),
        Care.OVERDUE.value: Q(give_up_at__lt=now - target()),
    }.get(care or "", Q())


def require_dead(request: CheerRequest) -> None:
    """Raises `Conflict` (`request_<status>`) unless a locked request is a dead letter."""
    if request.status != RequestStatus.NO_MATCH:
        raise Conflict(f"request_{request.status}", "The state of this request does not allow that.")


def _locked(request_id: UUID) -> DeadLetter:
    """Lock a dead letter by its request. Raises `Conflict` if the request is none."""
    request = lock_request(request_id)
    require_dead(request)
    return DeadLetter.objects.get_or_create(request=request)[0]


def take_care(request: CheerRequest, *, actor: User, now: datetime) -> None:
    """Make somebody the owner of a dead letter. Raises `Conflict` (`dead_letter_owned`, `request_<status>`)."""
    with transaction.atomic():
        letter = _locked(request.pk)
        if letter.owner_id is not None:
            whose = "You take" if letter.owner_id == actor.pk else "Somebody else takes"
            raise Conflict("dead_letter_owned", f"{whose} care of it already.")
        letter.owner, letter.taken_at = actor, now
        letter.save(update_fields=["owner", "taken_at"])


def give_back(request: CheerRequest) -> None:
    """Leave a dead letter to everybody again; anybody may, as its owner may be at home.

    Raises: `Conflict` (`dead_letter_not_owned`, `request_<status>`).
    """
    with transaction.atomic():
        letter = _locked(request.pk)
        if letter.owner_id is None:
            raise Conflict("dead_letter_not_owned", "Nobody takes care of it.")
        letter.owner = letter.taken_at = None
        letter.save(update_fields=["owner", "taken_at"])


def note_for_staff(request: CheerRequest, *, note: str) -> None:
    """Write the note of a dead letter anew. Raises `Conflict` (`request_<status>`)."""
    with transaction.atomic():
        letter = _locked(request.pk)
        letter.note = note
        letter.save(update_fields=["note"])
