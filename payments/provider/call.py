"""The protocol of every provider call that must have one effect.

The provider remembers the answer to an idempotency key for a day, and repeats it. Four cases are left, in which the
effect is looked for first, by the key that the object carries in its metadata, whatever its turn:

- A key older than that may have been forgotten: a repeated call could have a second effect.
- A call may fail inside the provider, with or without its effect, and the provider repeats the failure for as long as
  it remembers the key: the key is poisoned.
- The key has been used with other parameters, by a release that sent others. A row keeps the parameters of its first
  call, so that this does not happen by an update; where it does, it says that there was a call, not what came of it.
- The call is refused: an earlier one may have had the effect that now forbids it.

A key that has been used without an effect is replaced by another.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from payments.models.operation import ProviderOperation
from payments.operations import TURN
from payments.provider.gateway import Answer, Declined, KeyReused, Refused, Unreachable

log = logging.getLogger(__name__)

KEY_LIFE = timedelta(hours=23)  # the provider remembers a key for 24


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
        find: returns the object that an earlier call with the given key, or another turn of it, has made or changed.

    Returns: the provider's object; None if the key was used without an effect. The row then has another key, and its
        next step is due.
    Raises: `Unreachable` if it is unknown whether the call had its effect, `Declined`, `Refused`.
    """
    if now - row.created_at > KEY_LIFE and (found := find(row.key)) is not None:
        return found
    try:
        return call(row.key)
    except KeyReused:
        log.error("%s %s: its key was used with other parameters", row._meta.model_name, row.pk)
    except Unreachable as error:
        if not error.poisoned:
            raise
    except (Declined, Refused) as error:
        if (isinstance(error, Declined) and error.object is not None) or (found := find(row.key)) is None:
            raise
        return found
    found = find(row.key)
    if found is None:
        replace_key(row, now)
    return found


def parameters_of(row: ProviderOperation, build: Callable[[], Answer]) -> Answer:
    """Returns the parameters of a row's call: those stored with its key, or what `build` returns, which is stored.

    Not inside a transaction: they are stored before the call is made. Raises: `Unreachable` if another worker has
        replaced the key meanwhile, and as `build`.
    """
    if row.parameters is None:
        rows = type(row)._default_manager.filter(pk=row.pk)
        built = build()
        if rows.filter(key=row.key, parameters__isnull=True).update(parameters=built):
            row.parameters = built
        else:
            row.refresh_from_db(fields=["key", "parameters"])
    if row.parameters is None:
        raise Unreachable("another worker has replaced the key")
    parameters: Answer = row.parameters
    return parameters


def replace_key(row: ProviderOperation, now: datetime) -> None:
    """Give a row whose call has had no effect another key: `stem`, then `stem~2`, `stem~3`. Its next step is due.

    The call with the new key sends the parameters of the present release.
    """
    stem, _, turn = row.key.partition(TURN)
    key = f"{stem}{TURN}{int(turn or 1) + 1}"
    log.warning("%s %s has another key: %s", row._meta.model_name, row.pk, key)
    type(row)._default_manager.filter(pk=row.pk, key=row.key).update(key=key, parameters=None, next_step_at=now)
