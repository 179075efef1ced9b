"""`GET /staffApi/payment` and `…/{paymentId}`."""

import pytest
from django.utils import timezone

from payments.models import Payment
from regions.models import Region
from rides.models import Ride
from rides.services import tip_ride
from staff_api.tests.scenes import desk_api, ids, pks
from tests.cast import assert_refused, fresh

LIST = "/staffApi/payment"


@pytest.fixture
def two(completed: Ride) -> list[Payment]:
    """A fare and a tip."""
    tip = tip_ride(fresh(completed), amount=500, currency="usd", now=timezone.now())
    return [Payment.objects.get(kind="fare"), tip]


def test_the_newest_first(two: list[Payment]) -> None:
    answer = desk_api().get(LIST)
    assert ids(answer, "paymentId") == pks(*reversed(two))
    found = answer.json()["results"][1]
    assert (found["kind"], found["amount"], found["status"], found["frozen"]) == ("fare", 1000, "due", False)
    assert found["partnerId"] == str(two[0].partner_id)


def test_filters(two: list[Payment]) -> None:
    fare, tip = two
    Payment.objects.filter(pk=fare.pk).update(given_up_at=timezone.now())
    Payment.objects.filter(pk=tip.pk).update(frozen=True)
    for query, found in (
        ({"status": "due"}, [tip, fare]),
        ({"status": "paid"}, []),
        ({"kind": "tip"}, [tip]),
        ({"userId": str(fare.user_id), "kind": "fare"}, [fare]),
        ({"partnerId": str(fare.partner_id)}, [tip, fare]),
        ({"rideId": str(fare.ride_id)}, [tip, fare]),
        ({"trouble": "frozen"}, [tip]),
        ({"trouble": "given_up"}, [fare]),
        ({"region": "nyc"}, [tip, fare]),
        ({"region": "boston"}, []),
    ):
        assert ids(desk_api().get(LIST, query), "paymentId") == pks(*found), query


def test_another_region_is_not_there(two: list[Payment], boston: Region) -> None:
    api = desk_api(boston)
    assert ids(api.get(LIST), "paymentId") == []
    assert ids(api.get(LIST, {"userId": str(two[0].user_id)}), "paymentId") == []
    assert_refused(api.get(f"{LIST}/{two[0].pk}"), 404, "not_found")
    assert desk_api().get(f"{LIST}/{two[0].pk}").json()["amount"] == 1000


def test_only_with_the_right(two: list[Payment]) -> None:
    api = desk_api(rights=("rides.view_ride",))
    for path in (LIST, f"{LIST}/{two[0].pk}"):
        assert_refused(api.get(path), 403, "permission_denied")
