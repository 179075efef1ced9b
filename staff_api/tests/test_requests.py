"""`GET /staffApi/request` and `…/{requestId}`."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from backoffice.models import StaffAction
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from staff_api.tests.scenes import dead, desk_api, ids, make_desk, pks
from tests.cast import assert_refused, decline, make_user, queue, submit
from tests.other_regions import BOSTON

LIST = "/staffApi/request"


def row(request: CheerRequest) -> str:
    return f"{LIST}/{request.pk}"


def test_the_newest_first_without_words_and_places(staff_api: APIClient, nyc: Region) -> None:
    letter, waiting = dead("Ada"), submit(make_user("Bea"), note="By the gate")
    answer = staff_api.get(LIST)
    assert ids(answer, "requestId") == pks(waiting, letter)
    found = answer.json()["results"][1]
    assert found == {
        "requestId": str(letter.pk),
        "userId": str(letter.user_id),
        "region": "nyc",
        "requestType": "pep_talk",
        "status": "no_match",
        "reason": "no_partner_nearby",
        "createdAt": found["createdAt"],
        "giveUpAt": found["giveUpAt"],
        "overdue": True,
        "attempts": 0,
        "ownerId": None,
        "takenAt": None,
    }
    assert b"gate" not in answer.content


def test_filters(staff_api: APIClient, boston: Region) -> None:
    old, elsewhere = dead("Ada"), dead("Bea", at=BOSTON)
    waiting = queue(make_user("Cleo"))
    for query, found in (
        ({"status": "no_match"}, [elsewhere, old]),
        ({"status": "pending"}, [waiting]),
        ({"region": "boston"}, [elsewhere]),
        ({"region": "atlantis"}, []),
        ({"region": "nyc", "status": "no_match"}, [old]),
        ({"userId": str(old.user_id)}, [old]),
        ({"createdTo": "0001-01-01T00:00:00Z"}, []),
        ({"createdFrom": "9999-12-31T23:59:59Z"}, []),
    ):
        assert ids(staff_api.get(LIST, query), "requestId") == pks(*found), query


def test_moments(staff_api: APIClient, nyc: Region) -> None:
    first, second, third = (queue(make_user(name)) for name in ("Ada", "Bea", "Cleo"))
    middle = second.created_at.isoformat()
    for query, found in (
        ({"createdFrom": middle}, [third, second]),
        ({"createdTo": middle}, [first]),
        ({"createdFrom": middle, "createdTo": third.created_at.isoformat()}, [second]),
        ({"createdFrom": middle, "status": "pending"}, [third, second]),
        ({"createdTo": middle, "region": "nyc"}, [first]),
        ({"createdTo": middle, "userId": str(second.user_id)}, []),
    ):
        assert ids(staff_api.get(LIST, query), "requestId") == pks(*found), query


@pytest.mark.parametrize(
    "query",
    [
        {"status": "x"},
        {"status": ""},
        {"userId": "x"},
        {"createdFrom": "yesterday"},
        {"region": "x" * 51},
        {"limit": "0"},
    ],
)
def test_a_filter_that_is_none(staff_api: APIClient, nyc: Region, query: dict[str, str]) -> None:
    answer = staff_api.get(LIST, query)
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == list(query)


def test_one_with_its_place_and_words(staff_api: APIClient, offer: Offer) -> None:
    decline(offer, "too_far")
    answer = staff_api.get(row(offer.request))
    assert answer.status_code == 200
    found = answer.json()
    assert found["location"] == {"lat": offer.request.lat, "lng": offer.request.lng}
    assert (found["note"], found["reasonNote"], found["staffNote"]) == ("Third floor", "", "")
    assert (found["searchRadiusM"], found["patienceS"]) == (10000, 600)


def test_that_it_is_looked_at_is_recorded_but_no_list(pending: CheerRequest) -> None:
    clerk, api = make_desk()
    api.get(LIST)
    assert not StaffAction.objects.exists()
    for _ in range(2):
        api.get(row(pending))
    action = StaffAction.objects.get()
    assert (action.actor, action.action, action.channel) == (clerk, "looked", "api")
    assert action.subject == str(pending.user_id)


def test_another_region_is_not_there(boston: Region) -> None:
    here, there = dead("Ada"), dead("Bea", at=BOSTON)
    api = desk_api(boston)
    assert ids(api.get(LIST), "requestId") == pks(there)
    assert ids(api.get(LIST, {"status": "no_match"}), "requestId") == pks(there)
    assert ids(api.get(LIST, {"region": "nyc"}), "requestId") == []
    assert ids(api.get(LIST, {"userId": str(here.user_id)}), "requestId") == []
    assert_refused(api.get(row(here)), 404, "not_found")
    assert api.get(row(there)).status_code == 200


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("partner", 403, "permission_denied"),
    ],
)
def test_only_staff(api_of: Any, pending: CheerRequest, who: str, status: int, code: str) -> None:
    for path in (LIST, row(pending)):
        assert_refused(api_of(who).get(path), status, code)


def test_only_with_the_right(pending: CheerRequest) -> None:
    api = desk_api(rights=("requests_app.view_offer",))
    for path in (LIST, row(pending)):
        assert_refused(api.get(path), 403, "permission_denied")
