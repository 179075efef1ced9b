"""What Valkey holds of partners' positions, as tests look at it."""

import threading
from uuid import UUID

import positions
from accounts.models import Partner
from positions import reporting
from regions.geometry import distance_m
from tests.cast import Place

NEXT_DOOR: Place = (40.7357, -74.1724)  # Newark


def held(region: str, partner: Partner) -> Place | None:
    found = positions.held(region, [partner.pk]).get(partner.pk)
    return (found[0].lat, found[0].lng) if found else None


def near(place: Place | None, other: Place, metres: float = 0.05) -> bool:
    return place is not None and distance_m(*place, *other) <= metres


def searchable() -> set[UUID]:
    return positions.searchable("nyc")[1]


def writers() -> list[threading.Thread]:
    """The writer threads that run."""
    return [thread for thread in threading.enumerate() if thread.name == reporting.WRITER]


def wait_for_writers() -> None:
    """Return when every report that waited is written."""
    for thread in writers():
        thread.join(10)
        assert not thread.is_alive()
