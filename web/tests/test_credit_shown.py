"""Credit is shown before a cheer is asked for, and in the wallet."""

import json
import re
from typing import Any

from django.db import transaction

from accounts.models import User
from payments.books.credits import Grant, give
from payments.states import CreditKind
from regions.models import Region
from tests.cast import Clock
from web.tests.browse import browser_of, text_of


def data_of(page: Any) -> Any:
    """The data that a page hands to its script."""
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', page.content.decode())
    assert found
    return json.loads(found[1])


def test_the_request_screen_knows_what_can_be_spent_where(
    user: User, other_user: User, nyc: Region, clock: Clock
) -> None:
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.APOLOGY, 300, "usd"), now=clock.now)
        give(Grant(user.pk, CreditKind.APOLOGY, 200, "usd", region_id=nyc.pk), now=clock.now)
        give(Grant(user.pk, CreditKind.APOLOGY, 900, "eur"), now=clock.now)
    assert [region["credit"] for region in data_of(browser_of(user).get("/"))["regions"]] == [500]
    assert [region["credit"] for region in data_of(browser_of(other_user).get("/"))["regions"]] == [0]


def test_a_wallet_has_its_users_credit(user: User, other_user: User, nyc: Region, clock: Clock) -> None:
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.APOLOGY, 300, "usd", region_id=nyc.pk, reason="It rained."), now=clock.now)
    mine = text_of(browser_of(user).get("/wallet"))
    assert f"$3.00 Apology · in {nyc.name}" in mine
    assert "It rained." in mine
    assert "$3.00" not in text_of(browser_of(other_user).get("/wallet"))
