"""`GET /staffApi/partner` and `…/{partnerId}`."""

import pytest

from accounts.models import Partner
from backoffice.models import StaffAction
from regions.models import Region
from staff_api.tests.scenes import desk_api, ids, make_desk, pks
from tests.cast import assert_refused, make_applicant, make_partner

LIST = "/staffApi/partner"


@pytest.fixture
def three(boston: Region, nyc: Region) -> list[Partner]:
    """One who works in New York, one in Boston, and one who has just applied."""
    here, there = make_partner("Pia"), make_partner("Quin", type="coach")
    Partner.objects.filter(pk=there.pk).update(region=boston)
    return [here, there, make_applicant("Ann")]


def test_the_latest_first(three: list[Partner]) -> None:
    answer = desk_api().get(LIST)
    assert ids(answer, "partnerId") == pks(*reversed(three))
    found = answer.json()["results"][2]
    assert (found["name"], found["application"], found["status"], found["region"]) == (
        "Pia",
        "approved",
        "available",
        "nyc",
    )
    assert {"phone", "location"}.isdisjoint(found)


def test_filters(three: list[Partner]) -> None:
    here, there, new = three
    for query, found in (
        ({"application": "applied"}, [new]),
        ({"status": "available"}, [there, here]),
        ({"status": "available", "region": "nyc"}, [here]),
        ({"type": "coach"}, [there]),
        ({"userId": str(here.user_id)}, [here]),
        ({"createdTo": there.created_at.isoformat()}, [here]),
    ):
        assert ids(desk_api().get(LIST, query), "partnerId") == pks(*found), query


def test_one_with_phone_and_place(three: list[Partner]) -> None:
    clerk, api = make_desk()
    found = api.get(f"{LIST}/{three[0].pk}").json()
    assert (found["phone"], found["location"]["lat"]) == (three[0].phone, three[0].lat)
    action = StaffAction.objects.get()
    assert (action.actor, action.action, action.subject) == (clerk, "looked", str(three[0].user_id))


def test_another_region_is_not_there(three: list[Partner], boston: Region) -> None:
    api, (here, there, new) = desk_api(boston), three
    assert ids(api.get(LIST), "partnerId") == pks(there)
    for row in (here, new):
        assert_refused(api.get(f"{LIST}/{row.pk}"), 404, "not_found")


def test_only_with_the_right(three: list[Partner]) -> None:
    api = desk_api(rights=("requests_app.view_offer",))
    for path in (LIST, f"{LIST}/{three[0].pk}"):
        assert_refused(api.get(path), 403, "permission_denied")
