"""No call of users and partners reads more as the history of others grows, nor with every cheer of its own account."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import pytest_django
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.test import Client

from accounts.models import Role, User
from accounts.socket_auth import admit
from api import health, page_throttle
from backoffice.growing import LISTED_MAX
from core.valkey import client as valkey
from ops.made_history.people import DOMAIN
from payments.models import Payment
from regions.selectors import forget_regions
from requests_app.consumers import PartnerConsumer, UserConsumer
from requests_app.models import CheerRequest
from rides.models import Ride
from tests import cast
from tests.access.addresses import every_call, path_of
from tests.fuzz.calls import UNKNOWN_ID
from tests.fuzz.world import rolled_back
from tests.size.plans import READ_MAX, big_tables, grown_statements, reads_rows_of, statements_of, statements_while

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
]
UNTIL = datetime(2026, 1, 31, tzinfo=UTC)
ADDRESSES = sorted(call.removeprefix("GET ") for call in every_call() if call.startswith("GET /"))


STAFF_READ_MAX = 1000  # the rows that wait for staff are counted up to this number
# Sums over all sessions of one partner. They grow with the partner's own work alone, and are read from an index alone.
OWN_SUMS = {"/partner", "/partner/earnings", "/partner/statement"}


@dataclass(frozen=True)
class Grown:
    """A city with a past, accounts with many cheers and with few, signed in, and the tables that have many rows."""

    accounts: dict[str, User]
    clients: dict[str, Client]
    tables: dict[str, float]

    def path(self, who: str, route: str) -> str:
        """The path of an address for an account; the rows that it names are their own."""
        account = self.accounts[who]
        side = "partner__user" if "partner" in who else "user"
        mine = {} if who == "staff" else {side: account}
        ride = Ride.objects.filter(status="completed", **mine).latest("accepted_at")
        payment = Payment.objects.filter(ride=ride).latest("created_at")
        names: dict[str, Any] = {
            "request_id": ride.request_id,
            "ride_id": ride.pk,
            "payment_id": payment.pk,
            "waiting_id": payment.pk,
            "partner_id": ride.partner_id,
            "language": "de",
        }
        others = dict.fromkeys(re.findall(r"<(\w+_id)>", route), UNKNOWN_ID)
        texts = dict.fromkeys(re.findall(r"<(\w+)>", route), "x-1")
        return path_of(route, {**texts, **others, **names})


@pytest.fixture(scope="module")
def grown(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Grown]:
    """Built once, in a transaction that is never committed."""
    with django_db_blocker.unblock(), rolled_back(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "DEBUG", True)
        made = {"requests": 6500, "users": 2500, "partners": 400, "heavy": 0.5, "events": 0.3, "until": UNTIL}
        call_command("make_history", **made, stdout=StringIO())
        accounts = {
            "user": User.objects.get(email=f"user0@{DOMAIN}"),
            "partner": User.objects.get(email=f"partner0@{DOMAIN}"),
            "rare user": least("cheer_requests__rides__payments", role=Role.USER),
            "rare partner": least("partner__rides__payments", role=Role.PARTNER),
            "staff": cast.with_factor(User.objects.create_superuser("staff@history.test", cast.PASSWORD, name="Staff")),
        }
        yield Grown(accounts, {who: signed_in(account) for who, account in accounts.items()}, big_tables())
    forget_regions()


def least(rows: str, **which: Any) -> User:
    """The account that has the fewest of these rows, but some."""
    found = User.objects.filter(**which).annotate(n=Count(rows)).filter(n__gt=0).order_by("n").first()
    assert found is not None
    return found


def signed_in(account: User) -> Client:
    client = Client()
    client.force_login(account, "accounts.backends.PasswordBackend")
    return client


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
    sums = [sql for sql in statements_of(grown.clients["partner"], route) if "SUM(" in sql]
    assert sums
    assert {table for sql in sums for table in reads_rows_of(sql)} == set()


def test_no_list_or_page_of_the_admin_reads_more_in_a_grown_city(grown: Grown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_throttle, "hit_all", lambda counts: None)
    found = {}
    for model in admin.site._registry:
        newest = model._default_manager.order_by("-pk").first()
        for page in ["", "?p=1", *([f"{quote(newest.pk)}/change/"] if newest else [])]:
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{page}"
            tables = dict(grown.tables)
            if "change" in page:  # the few accounts of this city are quickly joined as a whole
                tables.pop(User._meta.db_table)
            if growing := grown_statements(statements_of(grown.clients["staff"], path), tables, LISTED_MAX):
                found[path] = growing
    assert found == {}
