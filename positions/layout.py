"""How Valkey holds a region: its keys, its positions, and the map. The slug is the hash tag of the keys, so a Redis
Cluster keeps them together.

- `{nyc}:pos`       hash partner → "recorded received lat lng", and what is left of the allowance if it isn't full
- `{nyc}:avail`     set of the available partners
- `{nyc}:geo`       geo set of the available partners that have a position; the search reads it
- `{nyc}:serves`    hash partner → the user of their ride, and the place that is watched (see `positions.serving`)
- `{nyc}:streak`    hash partner → "count first last": the latest reports in a row that fit the partner's watch
- `{nyc}:moved`     set of the partners whose position is newer than the database's
- `{nyc}:doubts`    hash partner → "marks since count first position": their implausible reports (`positions.recording`)
- `{nyc}:forgotten` set of partners whose account is deleted; it expires once none of their reports can be waiting
- `{nyc}:checked`   time of the last full comparison with the database (Unix seconds); missing if Valkey lost its data
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def pos(region: str) -> str:
    """The hash of the stored positions."""
    return f"{{{region}}}:pos"


def avail(region: str) -> str:
    """The set of the available partners."""
    return f"{{{region}}}:avail"


def geo(region: str) -> str:
    """The geo set of the partners that a search can find."""
    return f"{{{region}}}:geo"


def serves(region: str) -> str:
    """The hash of partners and the users to whom their positions are forwarded."""
    return f"{{{region}}}:serves"


def streak(region: str) -> str:
    """The hash of partners and the reports in a row that fit their watch."""
    return f"{{{region}}}:streak"


def moved(region: str) -> str:
    """The set of the partners whose position is newer than the database's."""
    return f"{{{region}}}:moved"


def doubts(region: str) -> str:
    """The hash of the partners who have reported what can't be."""
    return f"{{{region}}}:doubts"


def forgotten(region: str) -> str:
    """The set of the partners whose reports are dropped."""
    return f"{{{region}}}:forgotten"


def checked(region: str) -> str:
    """The time of the region's last full comparison with the database."""
    return f"{{{region}}}:checked"


# ---------------------------------------------------------------- how a position is stored


@dataclass(frozen=True, slots=True)
class Position:
    """A position in WGS 84 degrees and when the device recorded it."""

    lat: float
    lng: float
    recorded_at: datetime


# "recorded received lat lng [left]": both times in microseconds since the year 1, of a fixed width, so that a script
# can compare them as text; what is left of the allowance in metres.
_START = datetime(1, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER_S = 10  # at most, between processes: a position received later than that from now was by a wrong clock
_MICROSECOND = timedelta(microseconds=1)


def time_text(at: datetime) -> str:
    """Format a time as in a stored position."""
    return f"{(at - _START) // _MICROSECOND:018d}"


def parse(row: bytes) -> tuple[Position, datetime]:
    """Parse a stored position and the time it was received."""
    recorded, received, lat, lng = row.split()[:4]
    position = Position(float(lat), float(lng), _START + int(recorded) * _MICROSECOND)
    return position, _START + int(received) * _MICROSECOND


def received_at_least(row: bytes, oldest: datetime) -> bool:
    """Whether a stored position was received at `oldest` or later."""
    return row[19:37] >= time_text(oldest).encode()


# ---------------------------------------------------------------- the map

# The geo set ends near the poles (EPSG:3857), where nobody cheers.
LAT_MAX = 85.05
LNG_LIMIT = 179.99999995  # rounds to 180, which Valkey treats as a different place from -180


def on_the_map(lat: float, lng: float) -> tuple[float, float]:
    """Return the latitude and longitude at which the geo set stores a place."""
    return max(-LAT_MAX, min(LAT_MAX, lat)), lng if lng < LNG_LIMIT else -180.0
