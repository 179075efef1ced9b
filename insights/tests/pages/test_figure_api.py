"""`GET /insights/{region}/{figure}` and `…/hours`."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from rest_framework.test import APIClient

from core import clock
from insights.pages.figures import FIGURES
from insights.pages.query import EARLIEST
from insights.tests.pages.scenes import NOW, TODAY, booked, hour, put, waits, worked
from regions.models import Region
from requests_app.models import RequestType
from staff_api.tests.scenes import desk_api
from tests.cast import assert_refused

VIEW = "requests_app.view_cheerrequest"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with patch.object(clock, "now", return_value=NOW):
        yield


def lines_of(answer: Any) -> list[list[str]]:
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))


def test_a_figure_as_json(nyc: Region) -> None:
    put(nyc, hour(9), 20, offered=10, accepted=10, completed=10)
    answer = desk_api(rights=(VIEW,)).get("/insights/nyc/funnel", {"firstDay": "2026-06-09"})
    assert answer.status_code == 200
    body = answer.json()
    assert {name: body[name] for name in ("figure", "region", "firstDay", "lastDay", "requestType", "hidden")} == {
        "figure": "funnel",
        "region": "nyc",
        "firstDay": "2026-06-09",
        "lastDay": "2026-06-10",
        "requestType": None,
        "hidden": 0,
    }
    assert body["columns"][1] == {"key": "requests", "unit": "count"}
    assert body["rows"][1] == ["offered", 10, 0.5]


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_its_columns_drawn_and_its_csv(staff_api: APIClient, nyc: Region, figure: str) -> None:
    put(nyc, hour(9), 20, to_acceptance=waits(*range(9)), unmatched={"nobody_accepted": 5})
    booked(nyc, hour(9), "share", 900)
    worked(nyc, hour(9), available=9)
    path = f"/insights/nyc/{figure}"
    body = staff_api.get(path).json()
    keys = [column["key"] for column in body["columns"]]
    assert set(FIGURES[figure].drawn) <= set(keys)
    head, *rows = lines_of(staff_api.get(path, {"format": "csv"}))
    assert (head, len(rows)) == (keys, len(body["rows"]))


def test_no_cell_is_a_formula(staff_api: APIClient, nyc: Region) -> None:
    RequestType.objects.create(slug="-1-2", name="=1+1", icon="x")
    put(nyc, hour(9), 9, kind="-1-2")
    put(nyc, hour(10), 9, unmatched={"=cmd()": 7})
    assert lines_of(staff_api.get("/insights/nyc/unmatched", {"format": "csv"}))[0][-1] == "'=cmd()"
    assert "'-1-2" in {line[1] for line in lines_of(staff_api.get("/insights/nyc/hours"))}


def test_every_hour(staff_api: APIClient, nyc: Region) -> None:
    put(nyc, hour(9), 9, users=9, completed=6, lapsed=2, to_acceptance=waits(*[20] * 9))
    put(nyc, hour(9), 9, users=4, kind="serenade")
    put(nyc, hour(9, TODAY - timedelta(days=40)), 7, users=7)
    answer = staff_api.get("/insights/nyc/hours", {"firstDay": "2020-01-01"})
    assert answer.streaming
    head, old, talk, serenade = lines_of(answer)
    assert (old[0], talk[0]) == ("2026-05-01T09:00:00-04:00", "2026-06-10T09:00:00-04:00")
    found = dict(zip(head, talk, strict=True))
    assert [found[name] for name in ("requests", "completed", "lapsed", "toOfferP50")] == ["9", "6", "", ""]
    assert float(found["toAcceptanceP50"]) == pytest.approx(20, rel=0.05)
    assert serenade[1:] == ["serenade", *[""] * (len(head) - 2)]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"firstDay": "yesterday"}, "firstDay"),
        ({"firstDay": "2026-06-11", "lastDay": "2026-06-10"}, "firstDay"),
        ({"firstDay": "2024-01-01"}, "firstDay"),
        ({"lastDay": "2026-06-12"}, "lastDay"),
        ({"lastDay": "9999-12-31"}, "lastDay"),
        ({"lastDay": "0001-01-01"}, "lastDay"),
        ({"requestType": "x" * 33}, "requestType"),
    ],
)
def test_what_is_not_in_the_query_of_a_figure(
    staff_api: APIClient, nyc: Region, query: dict[str, str], attr: str
) -> None:
    answer = staff_api.get("/insights/nyc/funnel", query)
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]


def test_the_first_days_that_can_be_asked_about(staff_api: APIClient, nyc: Region) -> None:
    for figure in FIGURES:
        answer = staff_api.get(f"/insights/nyc/{figure}", {"lastDay": EARLIEST.isoformat()})
        assert answer.status_code == 200, figure


def test_another_region_is_not_there(nyc: Region, boston: Region) -> None:
    api = desk_api(boston, rights=(VIEW,))
    for path in ("/insights/nyc/funnel", "/insights/nyc/hours", "/insights/atlantis/funnel"):
        assert_refused(api.get(path), 404, "not_found")
    assert api.get("/insights/boston/funnel").status_code == 200
    assert_refused(api.get("/insights/boston/nothing"), 404, "not_found")


@pytest.mark.parametrize("figure", FIGURES)
def test_each_right_is_needed(nyc: Region, figure: str) -> None:
    rights = FIGURES[figure].rights
    for left_out in rights:
        api = desk_api(rights=tuple(right for right in rights if right != left_out))
        assert_refused(api.get(f"/insights/nyc/{figure}"), 403, "permission_denied")
    assert desk_api(rights=rights).get(f"/insights/nyc/{figure}").status_code == 200


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("partner", 403, "permission_denied"),
    ],
)
def test_only_staff(api_of: Any, nyc: Region, who: str, status: int, code: str) -> None:
    for path in ("/insights/nyc/funnel", "/insights/nyc/hours", "/insights/nyc/nothing"):
        assert_refused(api_of(who).get(path), status, code)
