"""The wallet, what a bank wants confirmed, and a partner's statement: everybody sees their own."""

from typing import Any

import pytest

from accounts.models import Partner, User
from payments.models import Attempt, Hold
from regions.models import Region
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import Clock
from tests.online import Online, set_region
from tests.online_scenes import book, charged, fare_of
from web import wallet
from web.tests.browse import browser_of, text_of


def test_a_wallet_has_its_users_card(online: Online, user: User, other_user: User) -> None:
    online.save_card(user)
    assert "4242" in text_of(browser_of(user).get("/wallet"))
    assert "4242" not in text_of(browser_of(other_user).get("/wallet"))


@pytest.mark.parametrize(
    ("key", "shown"), [("sk_test_1", True), ("rk_test_1", True), ("sk_live_1", False), ("", False)]
)
def test_every_page_says_that_no_money_moves(key: str, shown: bool, db: None, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = key
    assert ("Test mode: no real money" in text_of(browser_of(None).get("/help"))) == shown


def test_what_waits_for_its_user_is_nobody_elses(
    online: Online, user: User, outsider: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=0)
    online.save_card(user, "pm_card_authenticationRequired")
    payment = fare_of(charged(online, user, nyc, clock))
    assert Attempt.objects.get().status == "requires_action"
    page = f"/wallet/confirm/payment/{payment.pk}"
    assert browser_of(user).get(page).status_code == 200
    assert browser_of(outsider).get(page).status_code == 404
    assert browser_of(partner.user).get(page).status_code in (302, 403, 404)
    assert "$10.00" in text_of(browser_of(user).get("/wallet"))
    assert "$10.00" not in text_of(browser_of(outsider).get("/wallet"))


def test_nor_is_a_hold(online: Online, user: User, outsider: User, nyc: Region) -> None:
    online.save_card(user, "pm_card_authenticationRequired")
    book(online, user)
    page = f"/wallet/confirm/hold/{Hold.objects.get().pk}"
    assert browser_of(user).get(page).status_code == 200
    assert browser_of(outsider).get(page).status_code == 404


def test_a_statement_is_its_partners(completed: Ride, partner: Partner, other_partner: Partner) -> None:
    assert "$8.00" in text_of(browser_of(partner.user).get("/partner/statement"))
    assert "$8.00" not in text_of(browser_of(other_partner.user).get("/partner/statement"))


@pytest.mark.parametrize("who", ["user", "staff"])
def test_who_is_no_partner_has_none(request: pytest.FixtureRequest, completed: Ride, who: str) -> None:
    assert browser_of(request.getfixturevalue(who)).get("/partner/statement").status_code in (302, 403, 404)


def test_a_statement_has_pages(
    partner: Partner, completed: Ride, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip_ride(completed, amount=300, currency="usd", now=clock.advance(1))
    monkeypatch.setattr(wallet, "LINES_MAX", 1)
    client = browser_of(partner.user)
    newest = client.get("/partner/statement")
    assert [line.amount for line in newest.context["lines"]] == [300]
    assert "$11.00 is owed to you now" in text_of(newest)
    oldest = client.get(newest.context["older"])
    assert [line.amount for line in oldest.context["lines"]] == [800]
    assert oldest.context["older"] is None
    assert text_of(client.get(oldest.context["newer"])) == text_of(newest)
    assert text_of(client.get("/partner/statement?cursor=nonsense", follow=True)) == text_of(newest)
