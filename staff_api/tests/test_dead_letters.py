"""`GET /staffApi/deadLetter` and `…/{requestId}`."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from regions.models import Region
from requests_app import care
from requests_app.models import CheerRequest
from staff_api.tests.scenes import dead, desk_api, ids, make_desk, pks
from tests.cast import assert_refused, make_user, queue
from tests.other_regions import BOSTON

LIST = "/staffApi/deadLetter"
LATE = timedelta(minutes=settings.DEAD_LETTER_TARGET_MINUTES + 11)  # with its patience
FRESH = timedelta(minutes=11)


def test_the_newest_first_with_the_note_of_staff(nyc: Region) -> None:
    queue(make_user("Zoe"))
    first, second = dead("Ada"), dead("Bea")
    clerk, api = make_desk()
    care.take_care(first, actor=clerk, now=timezone.now())
    care.note_for_staff(first, note="Rang twice")
    answer = api.get(LIST)
    assert ids(answer, "requestId") == pks(second, first)
    found = answer.json()["results"][1]
    assert (found["ownerId"], found["staffNote"]) == (str(clerk.pk), "Rang twice")
    assert found["takenAt"]


def test_care(nyc: Region) -> None:
    clerk, api = make_desk()
    late, mine, others = dead("Ada", ago=LATE), dead("Bea", ago=FRESH), dead("Cleo", ago=FRESH)
    care.take_care(mine, actor=clerk, now=timezone.now())
    care.take_care(others, actor=make_desk()[0], now=timezone.now())
    for query, found in (("mine", [mine]), ("unowned", [late]), ("overdue", [late])):
        assert ids(api.get(LIST, {"care": query}), "requestId") == pks(*found), query
    assert [row["overdue"] for row in api.get(LIST).json()["results"]] == [False, False, True]
    assert_refused(api.get(LIST, {"care": "theirs"}), 400, "invalid_choice", "care")


def test_one_is_there_as_long_as_it_is_one(pending: CheerRequest) -> None:
    api, letter = desk_api(), dead("Bea")
    assert api.get(f"{LIST}/{letter.pk}").json()["location"]
    assert_refused(api.get(f"{LIST}/{pending.pk}"), 404, "not_found")


def test_another_region_is_not_there(boston: Region) -> None:
    here, there = dead("Ada"), dead("Bea", at=BOSTON)
    api = desk_api(boston)
    assert ids(api.get(LIST), "requestId") == pks(there)
    assert ids(api.get(LIST, {"care": "unowned"}), "requestId") == pks(there)
    assert_refused(api.get(f"{LIST}/{here.pk}"), 404, "not_found")


@pytest.mark.parametrize("path", [LIST, f"{LIST}/019a8f5e-6f00-7000-8000-000000000001"])
def test_only_with_the_right(nyc: Region, path: str) -> None:
    assert_refused(desk_api(rights=("requests_app.view_offer",)).get(path), 403, "permission_denied")
