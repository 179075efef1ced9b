"""A region in which partners are advised."""

import h3
import pytest

from insights.forecast.features import Horizon
from insights.forecast.models import Forecast, ForecastModel, Method
from insights.positioning import services
from insights.positioning.models import Adviser
from insights.tests.advice.scenes import BUSY
from notifications.events import Message
from regions.models import Region
from tests.cast import Clock


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """The frames that were pushed."""
    sent: list[Message] = []
    monkeypatch.setattr(services, "push_latest", sent.extend)
    return sent


@pytest.fixture
def city(nyc: Region, clock: Clock, told: list[Message]) -> Region:
    """A region whose trained model expects requests in one place, and whose adviser is due."""
    ForecastModel.objects.create(region=nyc, version=1, trained_at=clock.now, method=Method.LEARNED, days=40)
    slot = {"horizon": Horizon.NEXT, "minutes": 30, "starts_at": clock.now, "made_at": clock.now, "version": 1}
    cell = h3.str_to_int(h3.latlng_to_cell(*BUSY, 9))  # as small as this so that the place is known exactly
    Forecast.objects.create(region=nyc, cell=cell, mean=5, p10=2, p50=5, p90=8, **slot)
    Adviser.objects.create(region=nyc, advise_at=clock.now)
    return nyc
