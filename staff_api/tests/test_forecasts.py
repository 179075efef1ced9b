"""`GET /staffApi/insight/forecast`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import h3
import pytest

from insights.forecast.features import Horizon
from insights.forecast.models import Forecast, Forecaster, ForecastModel, Method
from regions.models import Region
from staff_api.tests.scenes import desk_api
from tests.cast import assert_refused

pytestmark = pytest.mark.django_db
PATH = "/staffApi/insight/forecast"
RIGHT = "insights.view_forecast"
NOW = datetime(2026, 6, 10, 16, 7, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
BUSY, QUIET = (h3.latlng_to_cell(lat, lng, 7) for lat, lng in ((40.7608, -73.9733), (40.6782, -73.9442)))


def foresee(region: Region, horizon: Horizon, starts_at: datetime, cell: str, mean: float, minutes: int = 60) -> None:
    Forecast.objects.create(
        region=region,
        horizon=horizon,
        minutes=minutes,
        starts_at=starts_at,
        cell=h3.str_to_int(cell),
        mean=mean,
        p10=int(mean / 2),
        p50=int(mean),
        p90=int(mean * 2),
        version=3,
        made_at=NOW,
    )


@pytest.fixture
def foreseen(nyc: Region) -> Region:
    ForecastModel.objects.create(region=nyc, version=3, trained_at=NOW, method=Method.LEARNED, days=42)
    Forecaster.objects.create(region=nyc, error_ratio=1.05)
    foresee(nyc, Horizon.NEXT, NOW, QUIET, 2.0)
    foresee(nyc, Horizon.NEXT, NOW, BUSY, 9.0)
    foresee(nyc, Horizon.NEXT, NOW, BUSY, 4.0, minutes=30)
    for hours, mean in ((0, 8.0), (1, 6.0), (24, 7.0)):
        foresee(nyc, Horizon.DAY, HOUR + timedelta(hours=hours), BUSY, mean)
    foresee(nyc, Horizon.DAY, HOUR + timedelta(hours=1), QUIET, 1.5)
    return nyc


def asked(**query: Any) -> Any:
    answer = desk_api(rights=(RIGHT,)).get(PATH, {"region": "nyc", **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_slot_that_begins_now_by_cell(foreseen: Region) -> None:
    found = asked()
    assert (found["region"], found["minutes"], found["horizon"]) == ("nyc", 60, "next")
    assert found["startsAt"] == found["madeAt"] == "2026-06-10T16:07:00Z"
    assert [(cell["cell"], cell["mean"]) for cell in found["cells"]] == [(BUSY, 9.0), (QUIET, 2.0)]
    busy = found["cells"][0]
    assert (busy["p10"], busy["p50"], busy["p90"]) == (4, 9, 18)
    assert h3.latlng_to_cell(busy["location"]["lat"], busy["location"]["lng"], 7) == BUSY
    assert found["model"] == {"version": 3, "method": "learned", "trainedAt": "2026-06-10T16:07:00Z", "days": 42}
    assert found["errorRatio"] == 1.05


def test_the_slot_of_a_moment(foreseen: Region) -> None:
    found = asked(at="2026-06-10T17:59:59Z")
    assert (found["horizon"], found["startsAt"]) == ("day", "2026-06-10T17:00:00Z")
    assert [cell["mean"] for cell in found["cells"]] == [6.0, 1.5]


def test_the_whole_region_by_slot(foreseen: Region) -> None:
    assert [(slot["startsAt"][8:16], slot["mean"]) for slot in asked()["slots"]] == [
        ("10T16:00", 8.0),
        ("10T17:00", 7.5),
        ("11T16:00", 7.0),
    ]


def test_half_hours(foreseen: Region) -> None:
    found = asked(minutes="30")
    assert [cell["mean"] for cell in found["cells"]] == [4.0]
    assert found["slots"] == []


def test_nothing_is_foreseen_yet(nyc: Region) -> None:
    for query in ({}, {"at": "2026-06-10T17:00:00Z"}):
        found = asked(**query)
        assert (found["startsAt"], found["madeAt"], found["model"], found["errorRatio"]) == (None, None, None, None)
        assert found["cells"] == found["slots"] == []


def test_bad_questions(nyc: Region) -> None:
    api = desk_api(rights=(RIGHT,))
    for query in ({}, {"region": "nyc", "minutes": "45"}, {"region": "nyc", "at": "noon"}, {"region": "n" * 51}):
        assert api.get(PATH, query).status_code == 400, query


def test_another_region_is_not_there(foreseen: Region, boston: Region) -> None:
    api = desk_api(boston, rights=(RIGHT,))
    assert_refused(api.get(PATH, {"region": "nyc"}), 404, "not_found")
    assert_refused(api.get(PATH, {"region": "atlantis"}), 404, "not_found")
    assert api.get(PATH, {"region": "boston"}).status_code == 200


def test_only_with_the_right(foreseen: Region) -> None:
    assert_refused(desk_api().get(PATH, {"region": "nyc"}), 403, "permission_denied")
