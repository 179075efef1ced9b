"""Live positions and presence in Valkey: who is searchable, and where. Hints, rebuilt from the database.

Keys of a region carry its slug as a hash tag, so that a Redis Cluster keeps them together:

- `{nyc}:avail`  set of the partners that are available
- `{nyc}:geo`    geo set of those of them with a position: what the search reads
- `{nyc}:pos`    hash partner → "recorded received lat lng" (Unix seconds, degrees)
- `{nyc}:serves` hash partner → id of the user they are on a ride for
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from speedycheers import valkey

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """A position in WGS 84 degrees and when the device recorded it."""

    lat: float
    lng: float
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a reported position."""

    applied: bool  # False: an equally new or newer one is held
    entered: bool  # this position has put the partner on the map: new, or silent before
    serves_user_id: str | None  # the user to whom this partner is on the way or with


@dataclass(frozen=True, slots=True)
class Candidate:
    """A searchable partner and the distance in metres."""

    partner_id: UUID
    distance_m: float


# The geo set ends near the poles (EPSG:3857), where nobody cheers.
_PUT_ON_THE_MAP = """
local function put_on_the_map(key, lng, lat, member)
  lat = math.max(-85.05, math.min(85.05, tonumber(lat)))
  return redis.call('GEOADD', key, lng, string.format('%.7f', lat), member)
end
"""

# One round trip: drop what is out of order, hold the rest, and move the partner on the map if searchable.
_RECORD = (
    _PUT_ON_THE_MAP
    + """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and tonumber(string.match(held, '^%S+')) >= tonumber(ARGV[2]) then
  return {0, 0, redis.call('HGET', KEYS[4], ARGV[1])}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]..' '..ARGV[3]..' '..ARGV[4]..' '..ARGV[5])
local entered = 0
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1 then
  entered = put_on_the_map(KEYS[3], ARGV[5], ARGV[4], ARGV[1])
end
return {1, entered, redis.call('HGET', KEYS[4], ARGV[1])}
"""
)

# Searchable from now on, at the position held.
_ENTER = (
    _PUT_ON_THE_MAP
    + """
redis.call('SADD', KEYS[2], ARGV[1])
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held then
  local lat, lng = string.match(held, '^%S+ %S+ (%S+) (%S+)')
  put_on_the_map(KEYS[3], lng, lat, ARGV[1])
end
return 1
"""
)


def _keys(region: str) -> list[str]:
    return [f"{{{region}}}:{name}" for name in ("pos", "avail", "geo", "serves")]


def record(region: str, partner_id: UUID, position: Position, *, now: datetime) -> Recorded:
    """Hold a partner's position unless a newer one is held. Raises `valkey.Unreachable`."""
    arguments = [
        str(partner_id),
        f"{position.recorded_at.timestamp():.6f}",
        f"{now.timestamp():.6f}",
        f"{position.lat:.7f}",
        f"{position.lng:.7f}",
    ]
    applied, entered, user_id = valkey.client().eval(_RECORD, 4, *_keys(region), *arguments)
    return Recorded(bool(applied), bool(entered), user_id.decode() if user_id else None)


def enter(region: str, partner_ids: Iterable[UUID]) -> None:
    """Make partners searchable. Best effort: the sweep repairs what Valkey missed."""
    _best_effort(lambda pipe: [pipe.eval(_ENTER, 4, *_keys(region), str(pk)) for pk in partner_ids])


def leave(region: str, partner_ids: Iterable[UUID]) -> None:
    """Take partners out of the searchable set. Best effort."""
    names = [str(pk) for pk in partner_ids]
    _, avail, geo, _ = _keys(region)
    if names:
        _best_effort(lambda pipe: (pipe.srem(avail, *names), pipe.zrem(geo, *names)))


def forget(region: str, partner_id: UUID) -> None:
    """Hold no position of a partner any more, nor offer them anything. Best effort."""
    leave(region, [partner_id])
    _best_effort(lambda pipe: pipe.hdel(_keys(region)[0], str(partner_id)))


def hide(region: str, partner_ids: Iterable[UUID]) -> None:
    """Take silent partners off the map; their next position puts them back. Best effort."""
    names = [str(pk) for pk in partner_ids]
    if names:
        _best_effort(lambda pipe: pipe.zrem(_keys(region)[2], *names))


def serve(region: str, partner_id: UUID, user_id: UUID | None) -> None:
    """Forward a partner's positions to this user from now on; None stops it. Best effort."""
    serves = _keys(region)[3]
    if user_id is None:
        _best_effort(lambda pipe: pipe.hdel(serves, str(partner_id)))
    else:
        _best_effort(lambda pipe: pipe.hset(serves, str(partner_id), str(user_id)))


def serving(region: str) -> dict[UUID, UUID]:
    """Whose positions are forwarded to whom: partner → user. Raises `valkey.Unreachable`."""
    rows: Any = valkey.client().hgetall(_keys(region)[3])
    return {UUID(partner.decode()): UUID(user.decode()) for partner, user in rows.items()}


def hand_over(old: str, new: str, partner_id: UUID) -> None:
    """A partner leaves a region for another, and takes along their position and whom they serve. Best effort."""
    name = str(partner_id)
    old_pos, _, _, old_serves = _keys(old)
    new_pos, _, _, new_serves = _keys(new)
    leave(old, [partner_id])
    try:
        pipe = valkey.client().pipeline(transaction=False)
        pipe.hget(old_pos, name)
        pipe.hget(old_serves, name)
        pipe.hdel(old_pos, name)
        pipe.hdel(old_serves, name)
        position, user_id, _, _ = pipe.execute()
    except valkey.Unreachable:
        return
    if position:
        _best_effort(lambda pipe: pipe.hsetnx(new_pos, name, position))
    if user_id:
        _best_effort(lambda pipe: pipe.hset(new_serves, name, user_id))


def nearest(region: str, lat: float, lng: float, *, radius_m: float, count: int) -> list[Candidate]:
    """The searchable partners within a radius, nearest first, at most `count`. Raises `valkey.Unreachable`."""
    geo = _keys(region)[2]
    rows: Any = valkey.client().geosearch(
        geo, longitude=lng, latitude=lat, radius=radius_m, unit="m", sort="ASC", count=count, withdist=True
    )
    return [Candidate(UUID(name.decode()), float(distance)) for name, distance in rows]


def held(region: str, partner_ids: Sequence[UUID]) -> dict[UUID, tuple[Position, datetime]]:
    """The positions held, each with when it was received. Raises `valkey.Unreachable`."""
    if not partner_ids:
        return {}
    rows: list[Any] = valkey.client().hmget(_keys(region)[0], [str(pk) for pk in partner_ids])
    return {pk: _parse(row) for pk, row in zip(partner_ids, rows, strict=True) if row}


def all_held(region: str) -> dict[UUID, tuple[Position, datetime]]:
    """Every position held in a region. Raises `valkey.Unreachable`."""
    return {UUID(pk.decode()): _parse(row) for pk, row in valkey.client().hscan_iter(_keys(region)[0], count=1000)}


def searchable(region: str) -> tuple[set[UUID], set[UUID]]:
    """The available set and the geo set. Raises `valkey.Unreachable`."""
    _, avail, geo, _ = _keys(region)
    pipe = valkey.client().pipeline(transaction=False)
    pipe.smembers(avail)
    pipe.zrange(geo, 0, -1)
    members, placed = pipe.execute()
    return {UUID(name.decode()) for name in members}, {UUID(name.decode()) for name in placed}


def restore(region: str, positions: dict[UUID, tuple[Position, datetime]]) -> None:
    """Put back positions that Valkey lost, unless it holds newer ones. Best effort."""
    for pk, (position, received) in positions.items():
        try:
            record(region, pk, position, now=received)
        except valkey.Unreachable:
            return


def _parse(row: bytes) -> tuple[Position, datetime]:
    recorded, received, lat, lng = (float(part) for part in row.split())
    return Position(lat, lng, datetime.fromtimestamp(recorded, UTC)), datetime.fromtimestamp(received, UTC)


def _best_effort(fill: Callable[[Any], object]) -> None:
    try:
        pipe = valkey.client().pipeline(transaction=False)
        fill(pipe)
        pipe.execute()
    except valkey.Unreachable:
        log.warning("presence not updated: Valkey does not answer; the sweep will repair it")
