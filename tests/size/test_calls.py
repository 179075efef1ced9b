"""No call of users and partners reads more as the history of others grows, nor with every cheer of its own account."""

from typing import Any

import pytest
from django.db import connection

from accounts.socket_auth import admit
from api import health, page_throttle
from core.valkey import client as valkey
from requests_app.consumers import PartnerConsumer, UserConsumer
from requests_app.models import CheerRequest
from rides.models import Ride
from tests import cast
from tests.access.addresses import every_call
from tests.size.city import Grown
from tests.size.plans import READ_MAX, grown_statements, reads_rows_of, statements_of, statements_while

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
]
ADDRESSES = sorted(call.removeprefix("GET ") for call in every_call() if call.startswith("GET /"))


STAFF_READ_MAX = 1000  # the rows that wait for staff are counted up to this number
# Sums over all sessions of one partner. They grow with the partner's own work alone, and are read from an index alone.
OWN_SUMS = {
    "/partner",
    "/partner/earnings",
    "/partner/statement",
    "/partner/statement/<statement_period>",
    "/partner/taxSummary/<tax_year>",
}


def test_the_accounts_have_more_cheers_than_a_statement_may_read(grown: Grown) -> None:
    assert len(grown.tables) > 15
    assert CheerRequest.objects.filter(user=grown.accounts["user"]).count() > READ_MAX
    assert Ride.objects.filter(partner__user=grown.accounts["partner"]).count() > READ_MAX


@pytest.mark.parametrize("who", ["user", "rare user", "partner", "rare partner", "staff"])
def test_no_call_reads_more_in_a_grown_city(grown: Grown, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_throttle, "hit_all", lambda counts: None)
    for part in ("worker", "sweep"):  # to find out whether one runs takes seconds
        monkeypatch.setitem(health.CHECKS, part, lambda: None)
    found = {}
    for route in ADDRESSES:
        valkey().flushall()  # no limit is reached
        statements = statements_of(grown.clients[who], grown.path(who, route))
        growing = grown_statements(statements, grown.tables, STAFF_READ_MAX if who == "staff" else READ_MAX)
        if route in OWN_SUMS:
            growing = [finding for finding in growing if "SUM(" not in finding or "reads all" in finding]
        if growing:
            found[route] = growing
    assert found == {}


@pytest.mark.parametrize("who", ["user", "rare user", "partner", "rare partner"])
def test_no_handshake_reads_more_in_a_grown_city(grown: Grown, who: str) -> None:
    socket: Any = PartnerConsumer() if "partner" in who else UserConsumer()
    token = cast.token_of(grown.accounts[who])
    socket.scope = {"admit": lambda: admit({"headers": [(b"authorization", f"Bearer {token}".encode())]})}
    statements = statements_while(lambda: socket._enter("acked", ""))
    assert any("notifications_stream" in sql for sql in statements)
    assert grown_statements(statements, grown.tables) == []


@pytest.mark.parametrize("route", sorted(OWN_SUMS))
def test_no_row_is_read_for_what_a_partner_ever_earned_or_is_owed(grown: Grown, route: str) -> None:
    sums = [sql for sql in statements_of(grown.clients["partner"], grown.path("partner", route)) if "SUM(" in sql]
    assert sums
    assert {table for sql in sums for table in reads_rows_of(sql)} == set()
