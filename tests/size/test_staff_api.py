"""No list of the staff API reads more as a city grows, by whatever it is filtered, and whatever regions one may see."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from api import page_throttle, pagination
from requests_app.models import CheerRequest
from rides.models import Ride
from speedycheers.urls import api
from staff_api.lists import StaffList
from tests import cast
from tests.other_regions import limited_to
from tests.size.city import UNTIL, Grown, signed_in
from tests.size.plans import grown_statements, statements_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
]
LOOKED_AT = 300  # rows, in this small city
OWN_MAX = 1000  # rows of one busy account here, whose region is looked up for each
QUERIES_MAX = 12
LISTS: dict[str, type[StaffList]] = {
    f"/{call.pattern}": call.callback.view_class  # type: ignore[attr-defined]
    for call in api
    if issubclass(call.callback.view_class, StaffList)  # type: ignore[attr-defined]
}


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_throttle, "hit_all", lambda counts: None)
    monkeypatch.setattr(pagination, "LOOKED_AT_MAX", LOOKED_AT)


@pytest.fixture
def clerk(grown: Grown) -> Client:
    """A member of staff with every right, limited to the region of a request."""
    rights = sorted({view.right for view in LISTS.values()})
    region = CheerRequest.objects.latest("pk").region
    return signed_in(limited_to(cast.make_clerk("Limited", *rights), region))


def queries_of(grown: Grown, view: type[StaffList]) -> Iterator[dict[str, Any]]:
    """Each filter of a list with each value of its choices, and some of them together."""
    ride = Ride.objects.filter(user=grown.accounts["user"]).latest("pk")
    values: dict[str, Any] = {
        "region": [ride.request.region.slug, "atlantis"],
        "userId": [ride.user_id, grown.accounts["rare user"].pk],
        "partnerId": [ride.partner_id],
        "requestId": [ride.request_id],
        "rideId": [ride.pk],
        "createdFrom": [f"{UNTIL:%Y-%m-10T00:00:00Z}"],
        "createdTo": [f"{UNTIL:%Y-%m-10T00:00:00Z}"],
    }
    yield {}
    for name, field in view.query().fields.items():
        for value in values.get(name, getattr(field, "choices", ())):
            yield {name: value}
            yield {name: value, "region": ride.request.region.slug}
            yield {name: value, "createdTo": f"{UNTIL:%Y-%m-20T00:00:00Z}"}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("who", ["superuser", "clerk"])
def test_no_list_reads_more(grown: Grown, clerk: Client, path: str, who: str) -> None:
    client = grown.clients["staff"] if who == "superuser" else clerk
    tables = {name: rows for name, rows in grown.tables.items() if name != "accounts_user"}
    found, seen = {}, set[str]()
    for query in queries_of(grown, LISTS[path]):
        address = f"{path}?{urlencode({**query, 'limit': 50})}"
        statements = statements_of(client, address)
        queries = [sql for sql in statements if "SAVEPOINT" not in sql]  # the test's own, and the session's
        assert len(queries) <= QUERIES_MAX, (address, queries)
        most = OWN_MAX if LISTS[path].carried & query.keys() else LOOKED_AT + 50
        if findings := grown_statements([sql for sql in statements if sql not in seen], tables, most):
            found[address] = findings
        seen |= set(statements)
    assert found == {}


def test_every_list_is_tried(grown: Grown) -> None:
    assert {"/staffApi/request", "/staffApi/deadLetter", "/staffApi/attempt", "/staffApi/offer"} <= set(LISTS)
    assert all(len(list(queries_of(grown, view))) > 3 for view in LISTS.values())
