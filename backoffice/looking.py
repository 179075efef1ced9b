"""Records that staff look at people: opening a page about somebody is a staff action, once an hour for each person."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error, connections, models, router, transaction
from django.http import HttpRequest

from backoffice.chain import keep, lock_end
from backoffice.models import LOOKED, StaffAction
from core import clock
from core.security_log import pseudonym, record

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(hours=1)
WAIT = "500ms"  # for the end of the chain, if a step holds it


def people_of(row: models.Model) -> set[Any]:
    """Return the ids of the accounts that a row is about: itself, its user and its partner's."""
    if isinstance(row, get_user_model()):
        return {row.pk}
    partner = getattr(row, "partner", None)
    ids = {getattr(row, name, None) for name in ("user_id", "account_id")} | {getattr(partner, "user_id", None)}
    return ids - {None}


def looked(request: HttpRequest, row: models.Model, people: Iterable[Any], *, channel: str) -> None:
    """Record that the member of staff who calls is shown a row about these people.

    It never keeps them from seeing it: if the database takes no writes, or not within `WAIT`, the security log has
    what the record lacks.
    """
    using, page = router.db_for_write(StaffAction), f"{row._meta.label_lower} {row.pk}"
    seen = sorted({str(pk) for pk in people} - {str(request.user.pk)})
    try:
        if not _not_lately(request, seen, using):
            return
        with transaction.atomic(using):
            _wait_shortly(using)
            lock_end(using)
            for person in _not_lately(request, seen, using):  # another page may have been opened at the same moment
                keep(request, LOOKED, get_user_model()._meta.label_lower, person, detail=page, channel=channel)
    except Error as error:
        log.warning("that a page of %s was opened is not recorded: %s", row._meta.label_lower, type(error).__name__)
        names = [pseudonym(person) for person in seen]
        record("looked", "failed", request=request, subjects=names, code=type(error).__name__)


def _not_lately(request: HttpRequest, people: list[str], using: str) -> list[str]:
    """Return those of the people at whom the one who calls has not looked within the hour."""
    if not people:
        return []
    looks = StaffAction.objects.using(using).filter(action=LOOKED, actor_id=request.user.pk, subject__in=people)
    lately = set(looks.filter(at__gt=clock.now() - AGAIN_AFTER).order_by().values_list("subject", flat=True))
    return [person for person in people if person not in lately]


def _wait_shortly(using: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
