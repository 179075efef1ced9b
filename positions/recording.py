"""Write positions to Valkey: many partners in one script call."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings

from core import valkey
from positions import layout
from positions.layout import LAT_MAX, LNG_LIMIT, Position, on_the_map, time_text

Item = TypeVar("Item")
BATCH = 500  # reports per call: a script can unpack a few thousand values, and blocks Valkey while it runs


@dataclass(frozen=True, slots=True)
class Recorded:
    """Valkey's answer to a reported position."""

    applied: bool  # False: an equally new or newer one is stored, or the partner is forgotten
    entered: bool  # its batch made a partner searchable who was not, or whose last report was stale
    serves_user_id: str | None  # the user of the partner's ride


@dataclass(slots=True)  # not frozen: that takes twice as long to create
class Report:
    """A position of a partner, and when it was received."""

    partner_id: UUID
    position: Position
    received_at: datetime


# Drop reports that are out of order or of forgotten partners, store the rest, and move available partners on the map.
# Returns whether a partner entered, the numbers of dropped reports, and the number and user of each serving partner.
_RECORD = valkey.Script("""
local pos, avail, geo, serves, moved, forgotten = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local oldest, sub, names = ARGV[1], string.sub, {}
for i = 2, #ARGV, 4 do names[#names + 1] = ARGV[i] end
local held = redis.call('HMGET', pos, unpack(names))
local free = redis.call('SMISMEMBER', avail, unpack(names))
local gone = redis.call('EXISTS', forgotten) == 1 and redis.call('SMISMEMBER', forgotten, unpack(names)) or {}
local users = redis.call('EXISTS', serves) == 1 and redis.call('HMGET', serves, unpack(names)) or {}
local values, places, applied, dropped, serving, entered = {}, {}, {}, {}, {}, 0
for n, name in ipairs(names) do
  local value, old = ARGV[4 * n - 1], held[n]
  if gone[n] == 1 or old and sub(old, 1, 18) >= sub(value, 1, 18) then
    dropped[#dropped + 1] = n
  else
    applied[#applied + 1] = name
    values[#values + 1] = name
    values[#values + 1] = value
    if free[n] == 1 then
      places[#places + 1] = ARGV[4 * n]
      places[#places + 1] = ARGV[4 * n + 1]
      places[#places + 1] = name
      if not old or sub(old, 20, 37) < oldest then entered = 1 end
    end
  end
  if users[n] then
    serving[#serving + 1] = n
    serving[#serving + 1] = users[n]
  end
end
if #values > 0 then
  redis.call('HSET', pos, unpack(values))
  redis.call('SADD', moved, unpack(applied))
end
if #places > 0 and redis.call('GEOADD', geo, unpack(places)) > 0 then entered = 1 end
return {entered, dropped, serving}
""")


def record_many(region: str, reports: Sequence[Report]) -> list[Recorded]:
    """Store the positions of many partners, each at most once in `reports`, unless newer ones are stored.

    Returns an answer for each report, in order. Raises `valkey.Unreachable`.
    """
    recorded: list[Recorded] = []
    for batch in batches(reports):
        recorded += _answers(len(batch), _RECORD(_keys(region), _arguments(batch)))
    return recorded


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Split into lists of at most `BATCH`."""
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _keys(region: str) -> list[str]:
    names = (layout.pos, layout.avail, layout.geo, layout.serves, layout.moved, layout.forgotten)
    return [name(region) for name in names]


def _arguments(batch: Sequence[Report]) -> list[str]:
    arguments = [time_text(batch[0].received_at - timedelta(seconds=settings.POSITION_FRESH_S))]
    for report in batch:
        arguments += _fields(report)
    return arguments


def _fields(report: Report) -> tuple[str, str, str, str]:
    """Return the partner, the position as stored, and its longitude and latitude on the map. On the hot path."""
    place, received = report.position, time_text(report.received_at)
    recorded = received if place.recorded_at is report.received_at else time_text(place.recorded_at)
    lat, lng = f"{place.lat:.7f}", f"{place.lng:.7f}"
    value = f"{recorded} {received} {lat} {lng}"
    if -LAT_MAX <= place.lat <= LAT_MAX and place.lng < LNG_LIMIT:
        return str(report.partner_id), value, lng, lat
    map_lat, map_lng = on_the_map(place.lat, place.lng)
    return str(report.partner_id), value, f"{map_lng:.7f}", f"{map_lat:.7f}"


def _answers(count: int, answer: Any) -> list[Recorded]:
    entered, dropped, serving = answer
    users = {serving[i]: serving[i + 1].decode() for i in range(0, len(serving), 2)}
    if not dropped and not users:
        return [Recorded(True, bool(entered), None)] * count
    gone = set(dropped)
    return [Recorded(n not in gone, bool(entered) and n not in gone, users.get(n)) for n in range(1, count + 1)]
