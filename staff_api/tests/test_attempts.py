"""`GET /staffApi/attempt` and `…/{attemptId}`."""

import pytest
from django.utils import timezone

from regions.models import Region
from regions.selectors import forget_regions
from requests_app.models import CheerRequest
from requests_app.records import Look
from staff_api.tests.scenes import desk_api, ids, pks
from tests.cast import Clock, assert_refused, make_partner, make_user, match, north, queue
from tests.other_regions import BOSTON

LIST = "/staffApi/attempt"


@pytest.fixture
def seen(nyc: Region, boston: Region) -> list[Look]:
    """Looks at a request in each region, of which the first has a partner near who does not fit."""
    forget_regions()
    made = [queue(make_user("Ada")), queue(make_user("Bea"), at=BOSTON)]
    match(nyc)
    match(boston)
    return [Look.objects.get(request=request) for request in made]


def test_the_newest_first(seen: list[Look]) -> None:
    answer = desk_api().get(LIST)
    assert ids(answer, "attemptId") == pks(*reversed(seen))
    look = seen[0]
    assert answer.json()["results"][1] == {
        "attemptId": str(look.pk),
        "requestId": str(look.request_id),
        "number": 1,
        "result": "nobody_near",
        "wave": look.wave,
        "count": 1,
        "searched": 0,
        "fit": 0,
        "leftOut": [],
        "firstAt": answer.json()["results"][1]["firstAt"],
        "lastAt": answer.json()["results"][1]["lastAt"],
    }


def test_who_was_left_out(nyc: Region, pending: CheerRequest) -> None:
    make_partner("Pia", at=north(300), type="coach")
    type(pending.request_type).objects.filter(pk=pending.request_type_id).update(partner_types=["mascot"])
    match(nyc)
    [found] = desk_api().get(LIST).json()["results"]
    assert (found["result"], found["leftOut"]) == ("nobody_fits", [{"reason": "wrong_kind", "count": 1}])


def test_filters(seen: list[Look], clock: Clock) -> None:
    api, (here, there) = desk_api(), seen
    for query, found in (
        ({"requestId": str(here.request_id)}, [here]),
        ({"region": "boston"}, [there]),
        ({"result": "nobody_near"}, [there, here]),
        ({"result": "beyond_cap"}, []),
        ({"createdTo": timezone.now().isoformat(), "requestId": str(there.request_id)}, [there]),
    ):
        assert ids(api.get(LIST, query), "attemptId") == pks(*found), query


def test_another_region_is_not_there(seen: list[Look], boston: Region) -> None:
    api, (here, there) = desk_api(boston), seen
    assert ids(api.get(LIST), "attemptId") == pks(there)
    assert ids(api.get(LIST, {"requestId": str(here.request_id)}), "attemptId") == []
    assert_refused(api.get(f"{LIST}/{here.pk}"), 404, "not_found")
    assert api.get(f"{LIST}/{there.pk}").json()["attemptId"] == str(there.pk)


def test_only_with_the_right(seen: list[Look]) -> None:
    api = desk_api(rights=("requests_app.view_offer",))
    for path in (LIST, f"{LIST}/{seen[0].pk}"):
        assert_refused(api.get(path), 403, "permission_denied")
