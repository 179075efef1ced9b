"""Writes the record of what staff do, as a chain in which nobody can change, remove or insert a row unnoticed."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import connections, models, router, transaction
from django.http import HttpRequest

from backoffice.audit import CHUNK, Checks, Result
from backoffice.models import DETAIL_MAX_CHARS, REASON_MAX_CHARS, SUBJECT_MAX_CHARS, StaffAction
from core import clock
from core.callers import address_of
from core.log_context import ids
from core.security_log import pseudonym, record

SALT_BYTES = 16
LOCK = 0x57AFF  # PostgreSQL's advisory lock of the chain's end
CHECKS = Checks()


@contextmanager
def acting(
    request: HttpRequest, action: str, row: models.Model, *, reason: str = "", detail: str = "", channel: str
) -> Iterator[None]:
    """Open a transaction in which the member of staff who calls acts on a row, and record it at its end.

    Nothing is recorded if the block raises.
    """
    kind, subject = row._meta.label_lower, str(row.pk)
    with transaction.atomic(router.db_for_write(StaffAction)):
        yield
        keep(request, action, kind, subject, reason=reason, detail=detail, channel=channel)


def keep(
    request: HttpRequest, action: str, kind: str, subject: str, *, reason: str = "", detail: str = "", channel: str
) -> StaffAction:
    """Append what the member of staff who calls has done, in the transaction in which they do it.

    The end of the chain stays locked until that transaction ends, so call this last: the lock comes after all others.
    """
    using = router.db_for_write(StaffAction)
    with transaction.atomic(using):
        number, previous = lock_end(using)
        salt = secrets.token_hex(SALT_BYTES) if reason else ""
        row = StaffAction(
            number=number + 1,
            at=clock.now(),
            actor_id=str(request.user.pk),
            channel=channel,
            action=action,
            kind=kind,
            subject=subject[:SUBJECT_MAX_CHARS],
            detail=detail[:DETAIL_MAX_CHARS],
            reason=reason[:REASON_MAX_CHARS],
            salt=salt,
            reason_digest=digest_of_reason(reason[:REASON_MAX_CHARS], salt) if reason else "",
            address=pseudonym(address_of(request)),
            call=ids().get("request", ""),
            previous=previous,
        )
        row.digest = digest_of(row)
        row.save(using=using, force_insert=True)
    # The security log is shipped elsewhere: its lines tell whether the end of the chain is gone.
    record("staff_action", "ok", request=request, number=row.number, digest=row.digest, after_commit=True)
    return row


def lock_end(using: str) -> tuple[int, str]:
    """Lock the end of the chain. Returns the number and digest of its last row, or 0 and ""."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    last = StaffAction.objects.using(using).order_by("-number").values_list("number", "digest").first()
    return last or (0, "")


def digest_of(row: StaffAction) -> str:
    """Return the digest of a row, which covers the one before it."""
    said = [
        row.number,
        _text(row.at),
        str(row.actor_id),
        row.channel,
        row.action,
        row.kind,
        row.subject,
        row.detail,
        row.reason_digest,
        row.address,
        row.call,
        row.previous,
    ]
    return sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def digest_of_reason(reason: str, salt: str) -> str:
    """Return the digest that stands for a reason, from which nobody can guess it once its salt is gone."""
    return sha256(f"{salt} {reason}".encode()).hexdigest()


# ---------------------------------------------------------------- audit


@CHECKS
def staff_actions_are_a_chain(now: datetime) -> Iterator[Result]:
    """Each staff action is as it was written, and follows the one before it."""
    number, previous = 0, ""
    while True:
        rows = list(StaffAction.objects.filter(number__gt=number).order_by("number")[:CHUNK])
        part = Result(len(rows))
        for row in rows:
            if (row.number, row.previous) != (number + 1, previous) or not _is_whole(row):
                part.note(row.pk)
            number, previous = row.number, row.digest
        yield part
        if len(rows) < CHUNK:
            return


def _is_whole(row: StaffAction) -> bool:
    forgotten = not row.reason and not row.salt  # or there was none
    as_said = forgotten or digest_of_reason(row.reason, row.salt) == row.reason_digest
    return as_said and row.digest == digest_of(row)


def changed_fields(message: Any) -> str:
    """Return the names of the changed fields in a message of the admin's log; "" for a text."""
    if not isinstance(message, list):
        return ""
    parts = [part for entry in message for part in entry.values()]
    return ", ".join(str(name) for part in parts for name in part.get("fields", ()))
