"""Reads the positions of all partners of a region, for its map: by a few calls, however many they are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from core import valkey
from positions import layout
from positions.layout import time_text
from positions.recording import batches


class Whereabouts(NamedTuple):
    """The stored position of a partner, in degrees, and what Valkey knows of them."""

    lat: float
    lng: float
    available: bool
    serving: bool
    fresh: bool  # received at `oldest` or later


def whereabouts(region: str, *, oldest: datetime, also: Iterable[str] = ()) -> dict[str, Whereabouts]:
    """Return the positions of the available and serving partners of a region are, by id, and the partners `also`.

    Partners without a stored position are left out. Raises `valkey.Unreachable`.
    """
    pipe = valkey.client().pipeline(transaction=False)
    pipe.smembers(layout.avail(region))
    pipe.hgetall(layout.serves(region))
    available, serving = pipe.execute()
    names = sorted({*available, *serving, *(name.encode() for name in also)})
    pipe = valkey.client().pipeline(transaction=False)
    for batch in batches(names):
        pipe.hmget(layout.pos(region), batch)
    rows: Any = [row for answer in pipe.execute() for row in answer] if names else []
    limit = time_text(oldest).encode()
    found = {}
    for name, row in zip(names, rows, strict=True):
        if row is not None:
            _, received, lat, lng = row.split(b" ", 4)[:4]
            at = float(lat), float(lng)
            found[name.decode()] = Whereabouts(*at, name in available, name in serving, received >= limit)
    return found
