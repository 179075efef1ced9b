"""Pages of lists whose filters no index carries: nothing is left out, twice there, or looked for without an end."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from api import pagination
from regions.models import Region
from requests_app.models import CheerRequest
from staff_api.tests.scenes import dead, desk_api, ids
from tests.cast import assert_refused
from tests.other_regions import BOSTON

LIST = "/staffApi/deadLetter"
QUERIES_MAX = 12


@pytest.fixture
def letters(boston: Region) -> list[str]:
    """Seven dead letters of Boston, the newest first, each with two of New York after it."""
    made = []
    for n in range(7):
        made.append(str(dead(f"B{n}", at=BOSTON).pk))
        dead(f"N{n}")
        dead(f"M{n}")
    return made[::-1]


def walked(api: APIClient, path: str | None, link: str, query: dict[str, Any] | None = None) -> list[list[str]]:
    """The ids on each page, from one to the end."""
    pages = []
    while path:
        answer = api.get(path, query)
        pages.append(ids(answer, "requestId"))
        assert len(pages) < 50, "there is always another page"
        found = answer.json()[link]
        path, query = found and f"{urlsplit(found).path}?{urlsplit(found).query}", None
    return pages


@pytest.mark.parametrize("looked_at", [1, 2, 3, 5, 21, 22, 100])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_every_row_is_on_one_page(
    letters: list[str], monkeypatch: pytest.MonkeyPatch, looked_at: int, limit: int
) -> None:
    monkeypatch.setattr(pagination, "LOOKED_AT_MAX", looked_at)
    api, query = desk_api(), {"region": "boston", "limit": limit}
    pages = walked(api, LIST, "next", query)
    assert [id for page in pages for id in page] == letters
    assert all(len(page) <= limit for page in pages)
    assert len(pages) <= 22 // looked_at + 7 // limit + 2


@pytest.mark.parametrize("looked_at", [1, 3, 21, 100])
@pytest.mark.parametrize("limit", [1, 3])
def test_and_back_again(letters: list[str], monkeypatch: pytest.MonkeyPatch, looked_at: int, limit: int) -> None:
    monkeypatch.setattr(pagination, "LOOKED_AT_MAX", looked_at)
    api, query = desk_api(), {"region": "boston", "limit": limit}
    path, seen = f"{LIST}?region=boston&limit={limit}", []
    while True:
        answer = api.get(path).json()
        seen.append([row["requestId"] for row in answer["results"]])
        if answer["next"] is None:
            break
        path = answer["next"].removeprefix("http://testserver")
    before = [id for page in seen[:-1] for id in page]
    back = walked(api, answer["previous"] and answer["previous"].removeprefix("http://testserver"), "previous")
    assert [id for page in reversed(back) for id in page] == before
    assert walked(api, LIST, "next", query) == seen


def test_a_region_without_any_comes_to_an_end(letters: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "LOOKED_AT_MAX", 4)
    assert [id for page in walked(desk_api(), LIST, "next", {"care": "mine"}) for id in page] == []


def test_staff_of_a_region_page_through_theirs(
    letters: list[str], boston: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "LOOKED_AT_MAX", 4)
    pages = walked(desk_api(boston), LIST, "next", {"limit": 2})
    assert [id for page in pages for id in page] == letters


@pytest.mark.parametrize("query", [{}, {"region": "boston"}, {"care": "unowned"}])
def test_no_more_queries_with_more_rows(letters: list[str], boston: Region, query: dict[str, str]) -> None:
    api = desk_api(boston)
    counts = []
    for limit in (1, 100):
        with CaptureQueriesContext(connection) as captured:
            assert api.get(LIST, {**query, "limit": limit}).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= QUERIES_MAX


@pytest.mark.parametrize("cursor", ["x", "cD0x", "bz0xJnI9MSZwPTE="])
def test_a_cursor_that_we_have_not_made(nyc: Region, cursor: str) -> None:
    dead("Ada")
    assert_refused(desk_api().get(LIST, {"care": "unowned", "cursor": cursor}), 404, "not_found")
    assert CheerRequest.objects.count() == 1
