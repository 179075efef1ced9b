"""The searchable set and the stored positions. `positions.layout` lists the keys.

"Best effort" means: if Valkey does not answer, a warning is logged and the sweep repairs it later.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core import valkey
from positions import layout
from positions.layout import LAT_MAX, Position, parse, received_at_least
from positions.recording import Report, batches, record_many

log = logging.getLogger(__name__)

FORGOTTEN_FOR_S = 600  # longer than any report waits, and than any call of the deleted account lasts

# Make partners available, and put those with a position on the map.
_ENTER = valkey.Script("""
local pos, avail, geo, lowest, highest = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 3, #ARGV do
  redis.call('SADD', avail, ARGV[i])
  local held = redis.call('HGET', pos, ARGV[i])
  if held then
    local lat, lng = string.match(held, '^%S+ %S+ (%S+) (%S+)')
    lat = math.max(lowest, math.min(highest, tonumber(lat)))
    if tonumber(lng) >= 180 then lng = -180 end
    redis.call('GEOADD', geo, lng, string.format('%.7f', lat), ARGV[i])
  end
end
""")


def enter(region: str, partner_ids: Iterable[UUID]) -> None:
    """Make partners searchable at their stored positions. Best effort.

    A waiting report needs no special care, since this script and the one that records reports are atomic. A report
    recorded first is found here. One recorded second finds the partner available, puts them on the map and sends
    `entered`.
    """
    names = [str(pk) for pk in partner_ids]
    try:
        for batch in batches(names):
            _ENTER([layout.pos(region), layout.avail(region), layout.geo(region)], [-LAT_MAX, LAT_MAX, *batch])
    except valkey.Unreachable:
        _missed()


def leave(region: str, partner_ids: Iterable[UUID]) -> None:
    """Remove partners from the searchable set. Best effort."""
    names = [str(pk) for pk in partner_ids]
    avail, geo = layout.avail(region), layout.geo(region)
    if names:
        best_effort(lambda pipe: (pipe.srem(avail, *names), pipe.zrem(geo, *names)))


def forget(region: str, partner_id: UUID) -> None:
    """Remove the stored data of a partner whose account is deleted, and drop their reports. Best effort.

    Reports may still be waiting, in this process or another, or on their way. Recording is atomic: a position recorded
    before the first of these steps is removed, and a report that arrives after it is dropped.
    """
    name, forgotten = str(partner_id), layout.forgotten(region)

    def fill(pipe: Any) -> None:
        pipe.sadd(forgotten, name)
        pipe.expire(forgotten, FORGOTTEN_FOR_S)
        pipe.srem(layout.avail(region), name)
        pipe.zrem(layout.geo(region), name)
        pipe.hdel(layout.pos(region), name)
        pipe.srem(layout.moved(region), name)
        pipe.hdel(layout.doubts(region), name)
        pipe.hdel(layout.streak(region), name)

    best_effort(fill)


def hide(region: str, partner_ids: Iterable[UUID]) -> None:
    """Take silent partners off the map; their next report puts them back. Best effort."""
    names = [str(pk) for pk in partner_ids]
    if names:
        best_effort(lambda pipe: pipe.zrem(layout.geo(region), *names))


def hand_over(old: str, new: str, partner_id: UUID) -> None:
    """Move a partner's position and the user they serve from one region to another. Best effort.

    A report still waiting for the old region is recorded there afterwards, which does no harm. The partner is not
    available there, so they don't appear on its map. The database keeps the position received last. If the partner
    comes back, their next report replaces the position left in the old region, if it is newer.
    """
    name = str(partner_id)
    leave(old, [partner_id])
    try:
        pipe = valkey.client().pipeline(transaction=False)
        pipe.hget(layout.pos(old), name)
        pipe.hget(layout.serves(old), name)
        pipe.hdel(layout.pos(old), name)
        pipe.hdel(layout.serves(old), name)
        pipe.hdel(layout.doubts(old), name)
        position, user_id, *_ = pipe.execute()
    except valkey.Unreachable:
        return
    if position:
        best_effort(lambda pipe: pipe.hsetnx(layout.pos(new), name, position))
    if user_id:
        best_effort(lambda pipe: pipe.hset(layout.serves(new), name, user_id))


def held(region: str, partner_ids: Sequence[UUID]) -> dict[UUID, tuple[Position, datetime]]:
    """Return partners' stored positions, and the time each was received. Raises `valkey.Unreachable`."""
    return {pk: parse(row) for pk, row in _rows(region, partner_ids) if row is not None}


def searchable(region: str) -> tuple[set[UUID], set[UUID]]:
    """Return the partners in the available set and those in the geo set. Raises `valkey.Unreachable`."""
    pipe = valkey.client().pipeline(transaction=False)
    pipe.smembers(layout.avail(region))
    pipe.zrange(layout.geo(region), 0, -1)
    members, placed = pipe.execute()
    return {UUID(name.decode()) for name in members}, {UUID(name.decode()) for name in placed}


def restore(region: str, positions: Mapping[UUID, tuple[Position, datetime]]) -> None:
    """Store positions that Valkey has lost, unless it has newer ones. Raises `valkey.Unreachable`."""
    record_many(region, [Report(pk, position, received) for pk, (position, received) in positions.items()])


def moved(region: str, count: int) -> dict[UUID, tuple[Position, datetime]]:
    """Take at most `count` positions that are newer than the database's. Raises `valkey.Unreachable`.

    A waiting report marks its partner as moved again when it is recorded, so the next call takes it.
    """
    names: Any = valkey.client().spop(layout.moved(region), count)
    return held(region, [UUID(name.decode()) for name in names])


def moved_still(region: str, partner_ids: Iterable[UUID]) -> None:
    """Mark partners from `moved` as moved again after a failed database write. Best effort."""
    names = [str(pk) for pk in partner_ids]
    if names:
        best_effort(lambda pipe: pipe.sadd(layout.moved(region), *names))


# ---------------------------------------------------------------- comparing with the database


def last_checked(region: str) -> datetime | None:
    """Return the time of the last full comparison; None if Valkey has lost its data. Raises `valkey.Unreachable`."""
    text: Any = valkey.client().get(layout.checked(region))
    return datetime.fromtimestamp(float(text), UTC) if text else None


def checked(region: str, now: datetime) -> None:
    """Store the time of a full comparison. Best effort."""
    best_effort(lambda pipe: pipe.set(layout.checked(region), now.timestamp()))


def available_count(region: str) -> int:
    """Return the number of available partners, with or without a position. Raises `valkey.Unreachable`."""
    count: Any = valkey.client().scard(layout.avail(region))
    return int(count)


def received_since(region: str, partner_ids: Iterable[UUID], oldest: datetime) -> set[UUID]:
    """Return the partners whose position was received at `oldest` or later. Raises `valkey.Unreachable`."""
    return {pk for pk, row in _rows(region, partner_ids) if row is not None and received_at_least(row, oldest)}


def without_position(region: str, partner_ids: Iterable[UUID]) -> set[UUID]:
    """Return the partners without a stored position. Raises `valkey.Unreachable`."""
    return {pk for pk, row in _rows(region, partner_ids) if row is None}


def _rows(region: str, partner_ids: Iterable[UUID]) -> Iterator[tuple[UUID, bytes | None]]:
    for batch in batches(partner_ids):
        rows: Any = valkey.client().hmget(layout.pos(region), [str(pk) for pk in batch])
        yield from zip(batch, rows, strict=True)


def best_effort(fill: Callable[[Any], object]) -> None:
    """Send the commands that `fill` puts into a pipeline; a warning is logged if Valkey does not answer."""
    try:
        pipe = valkey.client().pipeline(transaction=False)
        fill(pipe)
        pipe.execute()
    except valkey.Unreachable:
        _missed()


def _missed() -> None:
    log.warning("presence not updated: Valkey does not answer; the sweep will repair it")
