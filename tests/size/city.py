"""A city with a past, for the tests of what size costs."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db.models import Count
from django.test import Client

from accounts.models import Role, User
from core import clock
from ops.made_history.people import DOMAIN
from payments.books.counted_days import count_days
from payments.models import Payment
from rides.models import Ride
from tests import cast
from tests.access.addresses import path_of
from tests.fuzz.calls import UNKNOWN_ID
from tests.size.plans import big_tables

UNTIL = datetime(2026, 1, 31, tzinfo=UTC)


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
            "statement_period": f"{UNTIL:%G-W%V}",
            "tax_year": f"{UNTIL:%Y}",
        }
        others = dict.fromkeys(re.findall(r"<(\w+_id)>", route), UNKNOWN_ID)
        texts = dict.fromkeys(re.findall(r"<(\w+)>", route), "x-1")
        return path_of(route, {**texts, **others, **names})


def grow() -> Grown:
    """Write the past of a city, and sign its accounts in."""
    made = {"requests": 6500, "users": 2500, "partners": 400, "heavy": 0.5, "events": 0.3, "until": UNTIL}
    call_command("make_history", **made, stdout=StringIO())
    while count_days(clock.now()):
        pass
    accounts = {
        "user": User.objects.get(email=f"user0@{DOMAIN}"),
        "partner": User.objects.get(email=f"partner0@{DOMAIN}"),
        "rare user": least("cheer_requests__rides__payments", role=Role.USER),
        "rare partner": least("partner__rides__payments", role=Role.PARTNER),
        "staff": cast.with_factor(User.objects.create_superuser("staff@history.test", cast.PASSWORD, name="Staff")),
    }
    return Grown(accounts, {who: signed_in(account) for who, account in accounts.items()}, big_tables())


def least(rows: str, **which: Any) -> User:
    """The account that has the fewest of these rows, but some."""
    found = User.objects.filter(**which).annotate(n=Count(rows)).filter(n__gt=0).order_by("n").first()
    assert found is not None
    return found


def signed_in(account: User) -> Client:
    client = Client()
    client.force_login(account, "accounts.backends.PasswordBackend")
    return client
