"""`GET /staffApi/ride` and `…/{rideId}`."""

import pytest

from backoffice.models import StaffAction
from regions.models import Region
from rides.models import Ride
from rides.services import rate_ride
from staff_api.tests.scenes import desk_api, ids, pks
from tests.cast import accept, assert_refused, fresh, make_user, match, open_offer, submit

LIST = "/staffApi/ride"


@pytest.fixture
def two(completed: Ride, nyc: Region) -> list[Ride]:
    """A session that is over, and the next ride of its partner."""
    rate_ride(fresh(completed), stars=4, comment="So loud")
    request = submit(make_user("Bea"))
    match(nyc)
    return [completed, accept(open_offer(request))]


def test_the_newest_first(two: list[Ride]) -> None:
    answer = desk_api().get(LIST)
    assert ids(answer, "rideId") == pks(*reversed(two))
    coming, done = answer.json()["results"]
    assert (done["status"], done["endedBy"], done["fare"]["currency"]) == ("completed", "partner", "usd")
    assert (coming["status"], coming["endedBy"], coming["fare"], coming["region"]) == ("en_route", None, None, "nyc")
    assert b"loud" not in answer.content


def test_filters(two: list[Ride]) -> None:
    done, coming = two
    for query, found in (
        ({"status": "completed"}, [done]),
        ({"userId": str(done.user_id)}, [done]),
        ({"partnerId": str(done.partner_id)}, [coming, done]),
        ({"partnerId": str(done.partner_id), "status": "en_route"}, [coming]),
        ({"requestId": str(coming.request_id)}, [coming]),
        ({"region": "nyc"}, [coming, done]),
        ({"createdTo": coming.accepted_at.isoformat()}, [done]),
    ):
        assert ids(desk_api().get(LIST, query), "rideId") == pks(*found), query


def test_one_with_its_words(two: list[Ride]) -> None:
    found = desk_api().get(f"{LIST}/{two[0].pk}").json()
    assert (found["rating"], found["ratingComment"]) == (4, "So loud")
    assert {"pin", "userName"}.isdisjoint(found)
    looks = StaffAction.objects.filter(action="looked").values_list("subject", flat=True)
    assert set(looks) == {str(two[0].user_id), str(two[0].partner.user_id)}


def test_another_region_is_not_there(two: list[Ride], boston: Region) -> None:
    api = desk_api(boston)
    assert ids(api.get(LIST), "rideId") == []
    assert ids(api.get(LIST, {"partnerId": str(two[0].partner_id)}), "rideId") == []
    assert_refused(api.get(f"{LIST}/{two[0].pk}"), 404, "not_found")


def test_only_with_the_right(two: list[Ride]) -> None:
    api = desk_api(rights=("requests_app.view_offer",))
    for path in (LIST, f"{LIST}/{two[0].pk}"):
        assert_refused(api.get(path), 403, "permission_denied")
