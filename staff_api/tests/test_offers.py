"""`GET /staffApi/offer` and `…/{offerId}`."""

import pytest

from backoffice.models import StaffAction
from regions.models import Region
from requests_app.models import Offer
from staff_api.tests.scenes import desk_api, ids, pks
from tests.cast import assert_refused, decline, make_user, match, open_offer, queue

LIST = "/staffApi/offer"


@pytest.fixture
def made(nyc: Region, offer: Offer) -> list[Offer]:
    """An offer that was declined, and the next one of its partner."""
    decline(offer, "too far to walk")
    second = queue(make_user("Bea"))
    match(nyc)
    return [offer, open_offer(second)]


def test_the_newest_first(made: list[Offer]) -> None:
    answer = desk_api().get(LIST)
    assert ids(answer, "offerId") == pks(*reversed(made))
    found = answer.json()["results"][1]
    assert (found["status"], found["reason"], found["rank"], found["of"]) == ("declined", "other", 1, 1)
    assert b"walk" not in answer.content


def test_filters(made: list[Offer]) -> None:
    api, (old, new) = desk_api(), made
    for query, found in (
        ({"requestId": str(old.request_id)}, [old]),
        ({"partnerId": str(old.partner_id)}, [new, old]),
        ({"partnerId": str(old.partner_id), "status": "declined"}, [old]),
        ({"status": "pending"}, [new]),
        ({"region": "nyc"}, [new, old]),
    ):
        assert ids(api.get(LIST, query), "offerId") == pks(*found), query


def test_one_with_its_decision(made: list[Offer]) -> None:
    found = desk_api().get(f"{LIST}/{made[0].pk}").json()
    assert found["reasonNote"] == "too far to walk"
    assert [each["partnerId"] for each in found["decision"]["candidates"]] == [str(made[0].partner_id)]
    looks = StaffAction.objects.filter(action="looked").values_list("subject", flat=True)
    assert set(looks) == {str(made[0].partner.user_id), str(made[0].request.user_id)}


def test_or_without_once_that_is_not_kept(made: list[Offer]) -> None:
    Offer.objects.filter(pk=made[0].pk).update(decision=None)
    assert desk_api().get(f"{LIST}/{made[0].pk}").json()["decision"] is None


def test_another_region_is_not_there(made: list[Offer], boston: Region) -> None:
    api = desk_api(boston)
    assert ids(api.get(LIST), "offerId") == []
    assert ids(api.get(LIST, {"partnerId": str(made[0].partner_id)}), "offerId") == []
    assert_refused(api.get(f"{LIST}/{made[0].pk}"), 404, "not_found")


def test_only_with_the_right(made: list[Offer]) -> None:
    api = desk_api(rights=("requests_app.view_cheerrequest",))
    for path in (LIST, f"{LIST}/{made[0].pk}"):
        assert_refused(api.get(path), 403, "permission_denied")
