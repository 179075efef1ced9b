"""Whom a partner on a ride serves: the user who sees their positions, and the place that the server watches.

A watch waits until the partner's reports lie near a place (to notice an arrival), or away from it (to notice that they
have left). Valkey counts while it records, so a report costs the same with a watch as without one.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import valkey
from positions import layout
from positions.live import best_effort


@dataclass(frozen=True, slots=True)
class Watch:
    """A place, and how many reports in a row, over how long, must lie near it or away from it.

    A report counts if it was recorded within `POSITION_FRESH_S` and follows the one before it within that time.
    """

    lat: float
    lng: float
    radius_m: float
    near: bool  # whether reports within the radius count, or those outside it
    reports: int
    dwell_s: float  # the shortest time between the receipt of the first and the last of them

    def text(self) -> str:
        """The watch as a script reads it."""
        return f"{self.lat!r} {self.lng!r} {self.radius_m!r} {int(self.near)} {self.reports} {self.dwell_s!r}"

    @classmethod
    def parse(cls, text: str) -> "Watch":
        """Read what `text` has written."""
        lat, lng, radius_m, near, reports, dwell_s = text.split()
        return cls(float(lat), float(lng), float(radius_m), near == "1", int(reports), float(dwell_s))


@dataclass(frozen=True, slots=True)
class Service:
    """The user of a partner's ride, and what is watched meanwhile."""

    user_id: UUID
    watch: Watch | None = None

    def text(self) -> str:
        """The service as stored: the user's id, and the watch after a space."""
        return f"{self.user_id} {self.watch.text()}" if self.watch else str(self.user_id)

    @classmethod
    def parse(cls, text: str) -> "Service":
        """Read what `text` has written."""
        user_id, _, watch = text.partition(" ")
        return cls(UUID(user_id), Watch.parse(watch) if watch else None)


def serve(region: str, partner_id: UUID, service: Service | None) -> None:
    """Forward and watch a partner's positions from now on, or stop if None. Best effort."""
    name, key = str(partner_id), layout.serves(region)

    def fill(pipe: Any) -> None:
        pipe.hdel(layout.streak(region), name)
        if service is None:
            pipe.hdel(key, name)
        else:
            pipe.hset(key, name, service.text())

    best_effort(fill)


def serving(region: str) -> dict[UUID, Service]:
    """Return what each partner on a ride serves. Raises `valkey.Unreachable`."""
    rows: Any = valkey.client().hgetall(layout.serves(region))
    return {UUID(partner.decode()): Service.parse(service.decode()) for partner, service in rows.items()}
