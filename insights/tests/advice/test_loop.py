"""The whole loop: a region's past becomes a forecast, the forecast advice, and advice a shorter way to a request."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from insights.forecast.models import Forecaster
from insights.forecast.services import refresh_forecast, train_forecast
from insights.positioning.cells import middle_of
from insights.positioning.models import Adviser
from insights.tests.advice.scenes import ended, look
from insights.tests.test_forecasts import BUSY, past
from notifications.events import Message
from regions.geometry import distance_m
from regions.models import Region
from tests.cast import Clock, make_partner, make_user, north, open_offer, report, submit

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 10, 12, 7, tzinfo=ZoneInfo("America/New_York"))


def test_from_a_regions_past_to_a_shorter_way(nyc: Region, clock: Clock, told: list[Message]) -> None:
    clock.now = NOON
    past(nyc, 40, NOON)
    Forecaster.objects.create(region=nyc, train_at=NOON, refresh_at=NOON)
    train_forecast(nyc.pk)
    refresh_forecast(nyc.pk)
    Adviser.objects.create(region=nyc, advise_at=NOON)

    home = north(500)
    partner = make_partner("Pia", at=home)
    (advice,) = look(nyc, clock)
    assert [frame["advice"]["adviceId"] for _, _, frame in told] == [str(advice.pk)]

    clock.advance(90)
    report(partner, middle_of(advice.cell))
    look(nyc, clock, 30)
    assert ended(advice) == "followed"

    offer = open_offer(submit(make_user("Ada"), at=BUSY))
    assert offer.partner_id == partner.pk
    assert offer.distance_m < distance_m(*home, *BUSY) / 2
