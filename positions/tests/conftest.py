"""A second region, for tests of positions."""

import pytest

from positions.tests.live_map import NEXT_DOOR
from regions.models import Region


@pytest.fixture
def newark(nyc: Region) -> Region:
    """A second region."""
    lat, lng = NEXT_DOOR
    ring = [[lng - 0.05, lat - 0.05], [lng + 0.05, lat - 0.05], [lng + 0.05, lat + 0.05], [lng - 0.05, lat + 0.05]]
    return Region.objects.create(slug="newark", name="Newark", boundary=[ring], time_zone="America/New_York")
