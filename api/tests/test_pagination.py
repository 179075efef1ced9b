"""Lists: cursor-paginated, newest first."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from requests_app import services
from tests.cast import assert_error_shape, assert_refused, submit

# Positions that are no moment in UTC: a month too many, another offset, and an id.
MOMENTS = [
    b64encode(b"p=" + quote_plus(text).encode()).decode()
    for text in ("2026-13-01 00:00:00+00:00", "0001-01-01 00:00:00+05:00", "0194b93a-68f5-791b-8002-b09444cb6000")
]


def make(user: User, count: int) -> list[str]:
    """So many requests of a user, all called off; their ids, newest first."""
    ids = []
    for _ in range(count):
        request = submit(user)
        services.cancel_request(user, request.pk, reason="", now=timezone.now())
        ids.append(str(request.pk))
    return ids[::-1]


def ids(page: Any) -> list[str]:
    return [row["requestId"] for row in page["results"]]


def follow(client: APIClient, url: str | None, direction: str) -> list[list[str]]:
    pages = []
    while url is not None:
        page = client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        pages.append(ids(page))
        url = page[direction]
    return pages


def test_every_row_once_in_order_and_back(user_api: APIClient, user: User) -> None:
    made = make(user, 7)
    pages = follow(user_api, "/cheerRequest?limit=3", "next")
    assert pages == [made[:3], made[3:6], made[6:]]
    second = user_api.get(user_api.get("/cheerRequest?limit=3").json()["next"]).json()
    assert follow(user_api, second["previous"], "previous") == [made[:3]]


def test_rows_that_come_meanwhile_shift_nothing(user_api: APIClient, user: User) -> None:
    made = make(user, 4)
    page = user_api.get("/cheerRequest?limit=2").json()
    make(user, 2)
    assert ids(user_api.get(page["next"]).json()) == made[2:]


def test_20_a_page_unless_told_otherwise(user_api: APIClient, user: User) -> None:
    make(user, 21)
    assert len(ids(user_api.get("/cheerRequest").json())) == 20
    assert len(ids(user_api.get("/cheerRequest?limit=100").json())) == 21


@pytest.mark.parametrize("limit", ["0", "-1", "101", "ten", "1.5", "", "٣", "9" * 400])
def test_other_limits(user_api: APIClient, limit: str) -> None:
    assert_refused(user_api.get("/cheerRequest", {"limit": limit}), 400, "invalid", "limit")


@pytest.mark.parametrize("cursor", ["x", "cD0xNw==", "%FF", "🎉", "cD0n" * 100, "cj0xJnA9bm9uZQ==", *MOMENTS])
def test_other_cursors(user_api: APIClient, user: User, cursor: str) -> None:
    make(user, 1)
    assert_error_shape(user_api.get("/cheerRequest", {"cursor": cursor}), 404)


def test_a_cursor_shows_nobody_elses_rows(
    user_api: APIClient, other_user_api: APIClient, user: User, other_user: User
) -> None:
    make(user, 3)
    theirs = make(other_user, 3)
    cursor = user_api.get("/cheerRequest?limit=1").json()["next"]
    assert set(ids(other_user_api.get(cursor).json())) <= set(theirs)


@pytest.mark.parametrize("path", ["/cheerRequest", "/ride", "/payment"])
def test_an_empty_list(user_api: APIClient, path: str) -> None:
    assert user_api.get(path).json() == {"next": None, "previous": None, "results": []}
