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

    applied: bool  # False: an equally new or newer one is stored, it is implausible, or the partner is forgotten
    entered: bool  # its batch made a partner searchable who was not, or whose last report was stale
    serves_user_id: str | None  # the user of the partner's ride
    noticed: bool = False  # the partner's reports fulfil their watch
    suspect_mps: int | None = None  # the speed of this report, if it is the one that makes implausible ones too many


@dataclass(slots=True)  # not frozen: that takes twice as long to create
class Report:
    """A position of a partner, and when it was received."""

    partner_id: UUID
    position: Position
    received_at: datetime


# Drop reports that are out of order, implausible, or of forgotten partners, store the rest, and move available partners
# on the map. Returns whether a partner entered; the numbers of dropped reports; the number and user of each serving
# partner, and whether their watch is fulfilled; and the number and speed of each report that makes a partner's
# implausible ones too many.
#
# A stored report of a watched partner lengthens their streak or ends it. Distances to the watched place are those of a
# plane, exact enough within a few kilometres.
#
# A partner has an allowance of some metres, for errors of their device. It refills at the highest speed, and each
# report spends its distance from the one stored; a report that overdraws it is implausible. So noise is forgiven, but
# no series of small jumps is faster than the highest speed. The stored position stays until a report fits it again, or
# until enough implausible ones in a row, over enough time, fit each other.
_RECORD = valkey.Script("""
local pos, avail, geo, serves, moved, forgotten, doubts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local streak = KEYS[8]
local oldest, speed, allowance, late = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local in_a_row, settle, often, span = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local skew = tonumber(ARGV[9])
local sub, match, abs, rad, names = string.sub, string.match, math.abs, math.rad, {}
local degrees = speed / 111195  -- a microsecond's way

-- Microseconds between two positions. A report can't win time by an old date: the time of receipt bounds it.
local function between(old, new)
  local received = sub(new, 20, 37) - sub(old, 20, 37)
  return math.min(sub(new, 1, 18) - sub(old, 1, 18), math.max(received, 0) + late)
end

-- The usual case, without trigonometry: the allowance is full, and stays full. Fifteen digits of a time are exact, and
-- no report is received before it was recorded.
local function ordinary(old, new, lng, lat)
  if #old ~= 63 then return false end
  local way = (abs(lat - sub(old, 39, 50)) + abs(lng - sub(old, 52, 63))) / degrees
  local recorded = sub(new, 4, 18) - way
  return recorded >= sub(old, 4, 18) + 0 and recorded + late >= sub(old, 23, 37) + 0
end

-- What a step leaves of the allowance, and its length, both in metres.
local function step(old, new)
  local lat, lng, left = match(old, '^(%S+) (%S+) ?(%S*)', 39)
  local new_lat, new_lng = match(new, '^(%S+) (%S+)', 39)
  local u, v = math.sin(rad(new_lat - lat) / 2), math.sin(rad(new_lng - lng) / 2)
  local h = u * u + math.cos(rad(lat)) * math.cos(rad(new_lat)) * v * v
  local length = 12742000 * math.asin(math.min(1, math.sqrt(h)))
  return (tonumber(left) or allowance) + speed * between(old, new) - length, length
end

-- Whether a position lies as its watch asks for, and what else the watch asks for.
local function fits_watch(watch, new)
  local lat, lng, radius, near, reports, dwell = match(watch, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  local new_lat, new_lng = match(new, '^(%S+) (%S+)', 39)
  local north, east = new_lat - lat, math.abs(new_lng - lng)
  if east > 180 then east = 360 - east end
  east = east * math.cos(rad((new_lat + lat) / 2))
  local inside = math.sqrt(north * north + east * east) * 111195 <= tonumber(radius)
  return inside == (near == '1'), tonumber(reports), tonumber(dwell)
end

local function noticed(name, watch, new)
  if sub(new, 1, 18) < oldest then return 0 end
  local fit, reports, dwell = fits_watch(watch, new)
  if not fit then
    redis.call('HDEL', streak, name)
    return 0
  end
  local received, count, first = sub(new, 20, 37), 0, sub(new, 20, 37)
  local before = redis.call('HGET', streak, name)
  if before and sub(before, -18) >= oldest then count, first = match(before, '^(%S+) (%S+) ') end
  redis.call('HSET', streak, name, string.format('%d %s %s', count + 1, first, received))
  return (count + 1 >= reports and received - first >= dwell * 1000000) and 1 or 0
end

for i = 10, #ARGV, 4 do names[#names + 1] = ARGV[i] end
local held = redis.call('HMGET', pos, unpack(names))
local free = redis.call('SMISMEMBER', avail, unpack(names))
local gone = redis.call('EXISTS', forgotten) == 1 and redis.call('SMISMEMBER', forgotten, unpack(names)) or {}
local users = redis.call('EXISTS', serves) == 1 and redis.call('HMGET', serves, unpack(names)) or {}
local doubted = redis.call('EXISTS', doubts) == 1 and redis.call('HMGET', doubts, unpack(names)) or {}
local values, places, applied, dropped, serving, suspects, entered = {}, {}, {}, {}, {}, {}, 0

-- The text to store for a report, or nil if it is implausible or older than one that is.
local function judged(n, name, old, new)
  local marks, since, count, first, last = match(doubted[n] or '0 0 0 0 ', '^(%S+) (%S+) (%S+) (%S+) (.*)$')
  local left, length = step(old, new)
  local agrees, apart = false, 0
  if last ~= '' then
    if sub(last, 1, 18) >= sub(new, 1, 18) then return nil end
    agrees, apart = step(last, new)
    agrees = agrees >= 0
  end
  local fits, received = left >= 0 and not (agrees and apart < length), sub(new, 20, 37)
  count, first = agrees and count + 1 or 1, agrees and first or received
  if fits or count >= in_a_row and received - first >= settle then
    if last ~= '' then redis.call('HSET', doubts, name, marks .. ' ' .. since .. ' 0 0 ') end
    return fits and left < allowance and new .. string.format(' %d', left) or new
  end
  if received - since > span then marks, since = 0, received end
  marks = marks + 1
  redis.call('HSET', doubts, name, string.format('%d %s %d %s %s', marks, since, count, first, new))
  redis.call('EXPIRE', doubts, math.ceil(span / 1000000))
  if marks == often then
    suspects[#suspects + 1] = n
    suspects[#suspects + 1] = math.floor(1000000 * length / math.max(1000000, between(old, new)))
  end
  return nil
end

for n, name in ipairs(names) do
  local new, old = ARGV[4 * n + 7], held[n]
  -- Received later than now, by more than clocks differ: by a clock that was ahead. It is as good as no position.
  if old and sub(old, 20, 37) - sub(new, 20, 37) > skew then old = nil end
  local lng, lat, stored = ARGV[4 * n + 8], ARGV[4 * n + 9], new
  if gone[n] == 1 or old and sub(old, 1, 18) >= sub(new, 1, 18) then
    stored = nil
  elseif old and (doubted[n] or not ordinary(old, new, lng, lat)) then
    stored = judged(n, name, old, new)
  end
  if not stored then
    dropped[#dropped + 1] = n
  else
    applied[#applied + 1] = name
    values[#values + 1] = name
    values[#values + 1] = stored
    if free[n] == 1 then
      places[#places + 1] = lng
      places[#places + 1] = lat
      places[#places + 1] = name
      if not old or sub(old, 20, 37) < oldest then entered = 1 end
    end
  end
  if users[n] then
    serving[#serving + 1] = n
    local user, watch = match(users[n], '^(%S+) ?(.*)$')
    serving[#serving + 1] = user
    serving[#serving + 1] = stored and watch ~= '' and noticed(name, watch, new) or 0
  end
end
if #values > 0 then
  redis.call('HSET', pos, unpack(values))
  redis.call('SADD', moved, unpack(applied))
end
if #places > 0 and redis.call('GEOADD', geo, unpack(places)) > 0 then entered = 1 end
return {entered, dropped, serving, suspects}
""")


def record_many(region: str, reports: Sequence[Report]) -> list[Recorded]:
    """Store the plausible positions of many partners, each at most once in `reports`, unless newer ones are stored.

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
    names = (
        layout.pos,
        layout.avail,
        layout.geo,
        layout.serves,
        layout.moved,
        layout.forgotten,
        layout.doubts,
        layout.streak,
    )
    return [name(region) for name in names]


def _arguments(batch: Sequence[Report]) -> list[str]:
    arguments = [time_text(batch[0].received_at - timedelta(seconds=settings.POSITION_FRESH_S)), *_bounds()]
    for report in batch:
        arguments += _fields(report)
    return arguments


def _bounds() -> list[str]:
    """Return the bounds of what is plausible, with times in microseconds."""
    return [
        repr(settings.POSITION_SPEED_MAX_MPS / 1e6),
        repr(settings.POSITION_ALLOWANCE_M),
        str(settings.POSITION_LATE_S * 1_000_000),
        str(settings.POSITION_SETTLE_REPORTS),
        str(settings.POSITION_SETTLE_S * 1_000_000),
        str(settings.POSITION_FLAG_REPORTS),
        str(settings.POSITION_FLAG_SPAN_S * 1_000_000),
        str(layout.CLOCKS_DIFFER_S * 1_000_000),
    ]


def _fields(report: Report) -> tuple[str, str, str, str]:
    """Return the partner, the position as stored, and its longitude and latitude on the map. On the hot path."""
    place, received = report.position, time_text(report.received_at)
    recorded = received if place.recorded_at is report.received_at else time_text(place.recorded_at)
    lat, lng = f"{place.lat:+012.7f}", f"{place.lng:+012.7f}"
    value = f"{recorded} {received} {lat} {lng}"
    if -LAT_MAX <= place.lat <= LAT_MAX and place.lng < LNG_LIMIT:
        return str(report.partner_id), value, lng, lat
    map_lat, map_lng = on_the_map(place.lat, place.lng)
    return str(report.partner_id), value, f"{map_lng:+012.7f}", f"{map_lat:+012.7f}"


def _answers(count: int, answer: Any) -> list[Recorded]:
    entered, dropped, serving, suspects = answer
    users = {serving[i]: (serving[i + 1].decode(), bool(serving[i + 2])) for i in range(0, len(serving), 3)}
    if not dropped and not users:
        return [Recorded(True, bool(entered), None)] * count
    gone, speeds = set(dropped), dict(zip(suspects[::2], suspects[1::2], strict=True))
    return [
        Recorded(n not in gone, bool(entered) and n not in gone, *users.get(n, (None, False)), speeds.get(n))
        for n in range(1, count + 1)
    ]
