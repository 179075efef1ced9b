"""Find the nearest searchable partners, at a cost that does not grow with the city.

A search of a fixed radius reads every partner inside it. This one starts with a radius that should contain just
enough partners, judging by the last search nearby, and widens it until it has them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, sqrt
from typing import Any
from uuid import UUID

from core import valkey
from positions import layout
from positions.layout import on_the_map, time_text


@dataclass(frozen=True, slots=True)
class Candidate:
    """A searchable partner and their distance in metres."""

    partner_id: UUID
    distance_m: float


class Nearest(list[Candidate]):
    """The candidates of one search, nearest first, and searchable partners near whose position is too old (`stale`)."""

    def __init__(self, candidates: Iterable[Candidate] = (), stale: Sequence[UUID] = ()) -> None:
        super().__init__(candidates)
        self.stale = stale


@dataclass(frozen=True, slots=True)
class Search:
    """A search for at most `count` partners within `radius_m` of a place, except the `excluded`."""

    lat: float
    lng: float
    radius_m: float
    count: int
    excluded: Collection[UUID] = ()


STALE_MAX = 5  # of those named, so that an answer stays small


# A partner without a stored position is stale. Ages are read in chunks: `unpack` takes a few thousand values at most.
# The first radius was learnt with `learnt_of` partners in the set, and shrinks if the set has more now.
# Returns the number of partners in the set, the names of the nearest stale ones, then name, distance, name, distance, …
_NEAREST = valkey.Script(
    """
local geo, pos, lng, lat = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local count, widest, radius, learnt_of = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local oldest, asked, total = ARGV[7], count + #ARGV - 7, redis.call('ZCARD', geo)
local excluded = #ARGV > 7 and {}
for i = 8, #ARGV do excluded[ARGV[i]] = true end

local function allowed(rows)
  if not excluded then return rows end
  local kept = {}
  for i = 1, #rows do
    if not excluded[rows[i][1]] then kept[#kept + 1] = rows[i] end
  end
  return kept
end

local stale = {}
local function fresh(rows)
  stale = {}
  if oldest == '' or #rows == 0 then return rows end
  local kept = {}
  for first = 1, #rows, 500 do
    local names, last = {}, math.min(first + 499, #rows)
    for i = first, last do names[#names + 1] = rows[i][1] end
    local held = redis.call('HMGET', pos, unpack(names))
    for i = first, last do
      local row = held[i - first + 1]
      if row and string.sub(row, 20, 37) >= oldest then kept[#kept + 1] = rows[i]
      elseif #kept < count and #stale < STALE_MAX then stale[#stale + 1] = rows[i][1] end
    end
    if #kept >= count then break end
  end
  return kept
end

if radius <= 0 then
  radius = 0.5 * widest * math.sqrt(asked / math.max(1, total))
elseif total > learnt_of then
  radius = math.max(1, radius * math.sqrt(learnt_of / total))
end
while true do
  radius = math.min(radius, widest)
  local rows = redis.call('GEOSEARCH', geo, 'FROMLONLAT', lng, lat, 'BYRADIUS', string.format('%.3f', radius), 'm',
    'ASC', 'COUNT', asked, 'WITHDIST')
  local found = fresh(allowed(rows))
  if #found >= count or (#rows < asked and radius >= widest) then
    local answer = {total, stale}
    for i = 1, math.min(count, #found) do
      answer[2 * i + 1], answer[2 * i + 2] = found[i][1], found[i][2]
    end
    return answer
  end
  if #rows == asked then
    asked = 2 * asked
  else
    radius = radius * math.max(1.5, math.min(4, 1.2 * math.sqrt(asked / math.max(1, #rows))))
  end
end
""".replace("STALE_MAX", str(STALE_MAX))
)


# ---------------------------------------------------------------- where to start

CELL_DEGREES = 0.01  # about a kilometre; density changes little within a cell
MARGIN = 1.25  # start a little wider than the farthest partner of the last search
LEAST_RADIUS_M = 5.0
CELLS_MAX = 50_000  # cells remembered per process

# By region and cell: the radius in metres per partner (n partners need √n times that), and the number of partners in
# the whole region when it was measured.
_reach: dict[tuple[str, int, int], tuple[float, int]] = {}


def _cell(region: str, search: Search) -> tuple[str, int, int]:
    return region, round(search.lat / CELL_DEGREES), round(search.lng / CELL_DEGREES)


def _learn(region: str, search: Search, found: Sequence[Candidate], total: int) -> None:
    if len(_reach) >= CELLS_MAX:
        _reach.clear()
    wanted = search.count + len(search.excluded)
    farthest_m = max(LEAST_RADIUS_M, found[-1].distance_m) if len(found) == search.count else search.radius_m
    _reach[_cell(region, search)] = MARGIN * farthest_m / sqrt(wanted), total


# ---------------------------------------------------------------- searching


def nearest_to_many(
    region: str, searches: Sequence[Search], *, received_since: datetime | None = None
) -> list[Nearest]:
    """Find the searchable partners nearest to each of many places, in one round trip.

    Args:
        received_since: leave out partners whose last position was received before this time.

    Returns:
        The candidates of each search, nearest first.

    Raises:
        valkey.Unreachable
    """
    wanted = [search for search in searches if search.count > 0]
    answers = iter(_NEAREST.pipelined([_call(region, search, received_since) for search in wanted]) if wanted else [])
    return [_read(region, search, next(answers)) if search.count > 0 else Nearest() for search in searches]


def _call(region: str, search: Search, received_since: datetime | None) -> tuple[list[str], list[Any]]:
    reach_m, total = _reach.get(_cell(region, search), (0.0, 0))
    first_m = ceil(reach_m * sqrt(search.count + len(search.excluded)))
    oldest = time_text(received_since) if received_since else ""
    lat, lng = on_the_map(search.lat, search.lng)
    arguments = [lng, lat, search.count, search.radius_m, first_m, total, oldest]
    return [layout.geo(region), layout.pos(region)], [*arguments, *map(str, search.excluded)]


def _read(region: str, search: Search, answer: list[Any]) -> Nearest:
    candidates = [Candidate(UUID(answer[i].decode()), float(answer[i + 1])) for i in range(2, len(answer), 2)]
    found = Nearest(candidates, [UUID(name.decode()) for name in answer[1]])
    _learn(region, search, found, answer[0])
    return found
