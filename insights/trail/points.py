"""Points of a trail, packed into ten bytes each, as one column of the database."""

import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import models

POINT = struct.Struct("<Hii")
DEGREE = 1_000_000  # the unit of a packed coordinate is a millionth of it, about 11 cm
LATER_MAX_S = 65_535


class Point(NamedTuple):
    """A place in degrees, and how many seconds after the beginning of its piece a partner was there."""

    after_s: int
    lat: float
    lng: float


def pack(points: Iterable[Sequence[float]]) -> bytes:
    """Pack points. Raises `struct.error` for a place off the globe, or a moment past `LATER_MAX_S`."""
    return b"".join(POINT.pack(int(after_s), round(lat * DEGREE), round(lng * DEGREE)) for after_s, lat, lng in points)


def unpack(packed: bytes) -> list[Point]:
    """Unpack what `pack` has packed, to six digits of a degree."""
    return [Point(after_s, lat / DEGREE, lng / DEGREE) for after_s, lat, lng in POINT.iter_unpack(packed)]


class PointsField(models.BinaryField):  # type: ignore[type-arg]
    """A list of points, which the database holds packed."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> list[Point] | None:
        return None if value is None else unpack(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bytes | memoryview) else pack(value)

    def value_to_string(self, obj: Any) -> str:
        return str(self.value_from_object(obj))
