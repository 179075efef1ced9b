"""The demo city's past, which the first forecast is made of."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import h3
import pytest
from django.core.management import call_command
from django.db.models import Max, Min, Sum

from core import clock
from insights.forecast.features import Horizon
from insights.forecast.models import KEPT_RESOLUTION, Forecast, PastDemand
from insights.forecast.refreshing import refresh
from ops import seed
from ops.demo_past.drawing import REQUESTS_A_DAY, shares
from regions.geometry import polygon_contains
from regions.models import Region
from requests_app.models import CheerRequest

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 10, 12, 7, tzinfo=ZONE)  # a Wednesday


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with patch.object(clock, "now", return_value=NOON):
        yield


def requests_on(day: int) -> int:
    """The requests of a day of June."""
    start = datetime(2026, 6, day, tzinfo=ZONE)
    past = PastDemand.objects.filter(starts_at__gte=start, starts_at__lt=start + timedelta(days=1))
    return int(past.aggregate(n=Sum("requests"))["n"])


def test_the_shares_are_of_cells_in_the_city_and_of_whole_days() -> None:
    cells, weekdays = shares()
    assert weekdays.shape == (5, len(cells), 48)
    assert weekdays.sum((1, 2)) == pytest.approx(1.0, abs=0.001)
    for cell in map(h3.int_to_str, cells):
        assert h3.get_resolution(cell) == KEPT_RESOLUTION
        assert polygon_contains(seed.NEW_YORK_CITY, *h3.cell_to_latlng(cell)), cell


@pytest.mark.django_db
def test_a_first_start_has_a_past_of_six_weeks_and_a_forecast() -> None:
    seed.seed_past()
    span = PastDemand.objects.aggregate(first=Min("starts_at"), last=Max("starts_at"))
    assert span["first"].astimezone(ZONE).date() == (NOON - timedelta(days=seed.PAST_DAYS)).date()
    assert span["last"] == NOON.replace(minute=0) - timedelta(minutes=30)
    assert requests_on(9) == pytest.approx(REQUESTS_A_DAY, rel=0.4)
    assert requests_on(7) < requests_on(9)  # a Sunday
    region = Region.objects.get()
    refresh(region, 7, 60, now=NOON)
    hour = Forecast.objects.filter(horizon=Horizon.NEXT).aggregate(n=Sum("mean"))["n"]
    assert hour == pytest.approx(REQUESTS_A_DAY / 20, rel=0.6)


@pytest.mark.django_db
def test_the_past_is_made_up_once_and_always_the_same() -> None:
    seed.seed_past()
    before = list(PastDemand.objects.order_by("starts_at", "cell").values_list("starts_at", "cell", "requests"))
    seed.seed_past()
    assert PastDemand.objects.count() == len(before)
    PastDemand.objects.all().delete()
    seed.seed_past()
    assert list(PastDemand.objects.order_by("starts_at", "cell").values_list("starts_at", "cell", "requests")) == before


@pytest.mark.django_db
def test_a_city_that_has_requests_of_its_own_gets_none(pending: CheerRequest) -> None:
    seed.seed_past()
    assert not PastDemand.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("wanted", "accounts"), [(False, True), (True, False)])
def test_the_command_makes_none_up_unless_it_is_asked_and_accounts_are_for_show(wanted: bool, accounts: bool) -> None:
    with patch.object(seed, "seed_accounts"):
        call_command("seed", past=wanted, no_accounts=not accounts)
    assert not PastDemand.objects.exists()
