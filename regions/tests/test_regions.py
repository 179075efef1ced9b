"""Which region a place is in, and what a region must be."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import recent
from regions.models import Region
from regions.selectors import active_regions, region_at
from tests.cast import EMPIRE_STATE, LONDON

BOX = [[[-75.0, 40.0], [-73.0, 40.0], [-73.0, 41.5], [-75.0, 41.5]]]


def box(slug: str, **fields: Any) -> Region:
    return Region.objects.create(slug=slug, name=slug, boundary=BOX, time_zone="UTC", **fields)


@pytest.mark.parametrize(
    "place",
    [EMPIRE_STATE, (40.6413, -73.7781), (40.5749, -73.9859), (40.8501, -73.8662), (40.5795, -74.1502)],
    ids=["Manhattan", "Queens", "Brooklyn", "the Bronx", "Staten Island"],
)
def test_the_five_boroughs(nyc: Region, place: tuple[float, float]) -> None:
    assert region_at(*place) == nyc


@pytest.mark.parametrize("place", [LONDON, (40.7178, -74.0431), (40.7357, -74.1724), (40.9, -74.1)])
def test_elsewhere(nyc: Region, place: tuple[float, float]) -> None:
    assert region_at(*place) is None


def test_where_two_overlap_the_first_by_slug(nyc: Region) -> None:
    first = box("a")
    assert region_at(*EMPIRE_STATE) == first
    box("z")
    assert region_at(*EMPIRE_STATE) == first


def test_one_that_is_closed_is_not_there(nyc: Region) -> None:
    nyc.active = False
    nyc.save()
    assert active_regions() == []
    assert region_at(*EMPIRE_STATE) is None


def test_a_change_is_seen_at_once_here_and_soon_elsewhere(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    assert active_regions() == [nyc]
    made = box("a")
    assert active_regions() == [made, nyc]
    Region.objects.filter(slug="a").update(active=False)  # as another process would
    assert active_regions() == [made, nyc]
    later = recent.time.monotonic() + 5.1
    monkeypatch.setattr("core.recent.time.monotonic", lambda: later)
    assert active_regions() == [nyc]


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "New York"},
        {"time_zone": "America/Springfield"},
        {"boundary": []},
        {"boundary": [[]]},
        {"boundary": [[[0, 0], [1, 1], [2, 2]]]},
        {"boundary": "POLYGON"},
        {"boundary": [[[0, 0], [1, 0], [1, 100], [0, 1]]]},
        {"boundary": [[[0, 0], [1, "x"], [1, 1], [0, 1]]]},
        {"increment_s": 0},
    ],
)
def test_what_is_no_region(nyc: Region, change: dict[str, Any]) -> None:
    for name, value in change.items():
        setattr(nyc, name, value)
    with pytest.raises(ValidationError):
        nyc.full_clean()


def test_the_seeded_one_is(nyc: Region) -> None:
    nyc.full_clean()


@pytest.mark.parametrize("change", [{"increment_s": 0}, {"increment_amount": -1}, {"cancellation_fee_amount": -1}])
def test_the_database_refuses_nonsense(nyc: Region, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Region.objects.filter(pk=nyc.pk).update(**change)
