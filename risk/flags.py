"""Raising and reviewing flags."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from core.errors import Conflict
from risk.models import Flag
from risk.states import FlagKind, FlagStatus

# A review by another transaction can close the open flag between the two statements of a try.
TRIES = 3
CODE = re.compile(r"[0-9A-Za-z_.:-]{1,80}")  # an id, a code, a time: no words of a person


def raise_flag(
    kind: FlagKind,
    *,
    now: datetime,
    account_id: UUID | None = None,
    request_id: UUID | None = None,
    ride_id: UUID | None = None,
    payment_id: UUID | None = None,
    subject: str = "",
    figure: float | None = None,
    limit: float | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Record that a rule fired. If its flag about the same subject is open, that one counts up instead.

    Joins the caller's transaction, and may be called twice.

    Args:
        subject: A name for what the flag is about, if it is not the most specific of the ids.
        figure: The figure that the rule found; `limit`: the limit that it passed.
        evidence: Ids, codes and numbers by name; anything that a person typed is refused.

    Raises: `ValueError` for a flag about nothing, and for evidence that may be personal.
    """
    ids = {"payment": payment_id, "ride": ride_id, "request": request_id, "account": account_id}
    about = subject or next((f"{name}:{pk}" for name, pk in ids.items() if pk), "")
    if not about:
        raise ValueError("a flag is about something")
    flag = Flag(
        kind=kind,
        subject=about,
        figure=figure,
        limit=limit,
        evidence=_harmless(evidence or {}),
        first_at=now,
        last_at=now,
        **{f"{name}_id": pk for name, pk in ids.items()},
    )
    with transaction.atomic(savepoint=False):
        for _ in range(TRIES):
            if _count_up(flag) or _insert(flag):
                return
    raise Conflict("state_changed", "This flag has changed in the meantime.")


def _count_up(flag: Flag) -> bool:
    """Count the open flag about the same subject; returns False if none is open."""
    return bool(
        Flag.objects.filter(kind=flag.kind, subject=flag.subject, status=FlagStatus.OPEN).update(
            times=F("times") + 1,
            last_at=Greatest(F("last_at"), models.Value(flag.last_at)),
            figure=flag.figure,
            limit=flag.limit,
            evidence=flag.evidence,
        )
    )


def _insert(flag: Flag) -> bool:
    """Insert a flag with its history; returns False if another transaction was first."""
    Flag.objects.bulk_create([flag], ignore_conflicts=True)
    if not Flag.objects.filter(pk=flag.pk).exists():
        return False
    Flag.history.objects.create(subject_id=flag.pk, old="", new=FlagStatus.OPEN, at=flag.first_at)
    return True


def _harmless(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(name, value) for name, value in evidence.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(name, each) for each in value]
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and CODE.fullmatch(value)):
        return value
    raise ValueError(f"evidence {name} is no id, code or number")


def clear(flag: Flag, *, actor: AbstractBaseUser, now: datetime, note: str = "") -> None:
    """Judge that nothing is wrong.

    Raises: `Conflict` (`wrong_state`, `state_changed`), or `own_flag` if the flag is about the reviewer.
    """
    _review(flag, FlagStatus.CLEARED, actor=actor, now=now, note=note)


def confirm(flag: Flag, *, actor: AbstractBaseUser, now: datetime, note: str = "") -> None:
    """Judge that the rule was right. Raises like `clear`."""
    _review(flag, FlagStatus.CONFIRMED, actor=actor, now=now, note=note)


def _review(flag: Flag, status: FlagStatus, *, actor: AbstractBaseUser, now: datetime, note: str) -> None:
    if flag.account_id == actor.pk:
        raise Conflict("own_flag", "Nobody reviews a flag about themselves.")
    with transaction.atomic():
        flag.move(status, actor=actor, at=now, reason=note, reviewed_by=actor, reviewed_at=now, note=note[:200])
