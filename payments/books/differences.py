"""Differences between our rows and the provider: noting them, and closing them, by their cause or by staff."""

import logging
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from core.database import broken_constraint
from core.errors import Conflict, Invalid
from payments.difference_states import DifferenceStatus, DifferenceSubject
from payments.models import Difference

log = logging.getLogger(__name__)

CAUSE_GONE = "its cause has gone"
LISTED_MAX = 1000


def note(subject: DifferenceSubject, reference: str, text: str, *, about: str = "", now: datetime) -> None:
    """Record a difference. One that staff have closed is opened again only if it has become another."""
    about, text = (about or reference)[:255], text[:200]
    with transaction.atomic():
        row = Difference.objects.select_for_update(no_key=True).filter(subject=subject, reference=reference).first()
        if row is None:
            row = Difference(subject=subject, reference=reference, about=about, text=text, found_at=now)
            _create(row, now=now)
        elif row.text == text:
            return
        elif row.status == DifferenceStatus.OPEN:
            Difference.objects.filter(pk=row.pk).update(text=text, about=about)
        else:
            row.move(DifferenceStatus.OPEN, actor=None, at=now, reason=text, text=text, about=about, found_at=now)
    log.error("reconciliation: %s: %s", about, text)


def _create(row: Difference, *, now: datetime) -> None:
    try:
        with transaction.atomic():
            row.create(actor=None, at=now, reason=row.text)
    except IntegrityError as error:
        if broken_constraint(error) not in ("difference_once", "payments_difference.subject"):
            raise  # another comparison has noted it meanwhile


def settle(subject: DifferenceSubject, reference: str, *, now: datetime) -> None:
    """Close a difference whose cause has gone, if it is open."""
    with transaction.atomic():
        rows = Difference.objects.select_for_update(no_key=True).filter(subject=subject, reference=reference)
        row = rows.filter(status=DifferenceStatus.OPEN).first()
        if row is not None:
            row.move(DifferenceStatus.CLOSED, actor=None, at=now, reason=CAUSE_GONE, text="")


def close(row: Difference, *, actor: User, reason: str, now: datetime) -> None:
    """Close a difference that staff have dealt with. Raises: `Invalid` without a reason, `Conflict` (`wrong_state`)."""
    if not reason.strip():
        raise Invalid("reason_required", "Say how the difference was dealt with.", "reason")
    with transaction.atomic():
        locked = Difference.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.status != DifferenceStatus.OPEN:
            raise Conflict("wrong_state", "This difference has been closed already.")
        locked.move(DifferenceStatus.CLOSED, actor=actor, at=now, reason=reason.strip())


def open_differences() -> list[str]:
    """Returns the open differences in words, the oldest first, up to `LISTED_MAX`."""
    found = Difference.objects.filter(status=DifferenceStatus.OPEN).order_by("found_at", "pk")
    return [str(row) for row in found[:LISTED_MAX]]
