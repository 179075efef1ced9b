"""The protocol of every provider call that must have one effect.

The provider remembers the answer to an idempotency key for a day, and repeats it. Two cases are left. A key older than
that may have been forgotten: a repeated call could have a second effect. And a call may fail inside the provider, with
or without its effect, and the provider repeats the failure for as long as it remembers the key: the key is poisoned.
In both cases the effect is looked for first, by the key that the object carries in its metadata; a poisoned key
without an effect is replaced by another.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from payments.models.operation import ProviderOperation
from payments.provider.gateway import Unreachable

log = logging.getLogger(__name__)

KEY_LIFE = timedelta(hours=23)  # the provider remembers a key for 24
TURN = "~"  # separates a key from the number of its replacement
Answer = dict[str, Any]


def provider_call(
    row: ProviderOperation,
    call: Callable[[str], Answer],
    find: Callable[[str], Answer | None],
    *,
    now: datetime,
) -> Answer | None:
    """Make the call that a row stands for, unless it has had its effect.

    Args:
        call: makes the call with the given key.
        find: returns the object that an earlier call with the given key has made or changed, if any.

    Returns: the provider's object; None if the key was poisoned without an effect. The row then has another key, and
        its next step is due.
    Raises: `Unreachable` if it is unknown whether the call had its effect, `Declined`, `Refused`.
    """
    if now - row.created_at > KEY_LIFE and (found := find(row.key)) is not None:
        return found
    try:
        return call(row.key)
    except Unreachable as error:
        if not error.poisoned:
            raise
    found = find(row.key)
    if found is None:
        replace_key(row, now)
    return found


def replace_key(row: ProviderOperation, now: datetime) -> None:
    """Give a row whose call has had no effect another key: `stem`, then `stem~2`, `stem~3`. Its next step is due."""
    stem, _, turn = row.key.partition(TURN)
    key = f"{stem}{TURN}{int(turn or 1) + 1}"
    log.warning("%s %s has another key: %s", row._meta.model_name, row.pk, key)
    type(row)._default_manager.filter(pk=row.pk, key=row.key).update(key=key, next_step_at=now)
