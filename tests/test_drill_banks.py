"""The drill's measures of disputes and payouts, where the books agree and where they differ."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from drill import banks
from payments.provider import accounts
from regions.models import Region
from tests.cast import EMPIRE_STATE, Clock, report
from tests.online import Online
from tests.online_scenes import charged

Book = dict[str, dict[str, Any]]


@pytest.fixture
def book(online: Online, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock) -> Book:
    """The provider's book after two fares of $10, one of which is disputed; the partner is paid by the provider."""
    settings.STRIPE_CONNECT = True
    settings.PAYOUT_DELAY_DAYS = settings.PAYOUT_ACCOUNT_DELAY_DAYS = settings.PAYOUTS_REVIEWED = 0
    accounts.onboarding_url(partner, return_url="http://testserver/", now=clock.now)
    online.account.finish_onboarding(partner.payout_account.reference)
    accounts.apply_account(online.account.find("account", partner.payout_account.reference), now=clock.now)
    for card in ("pm_card_visa", "pm_card_createDispute"):
        online.save_card(user, card)
        report(partner, EMPIRE_STATE)
        charged(online, user, nyc, clock, minutes=4)
    settle(online)
    return online.account.things


def settle(online: Online) -> None:
    online.deliver()
    online.work()


def failed(book: Book) -> list[str]:
    return [line.name.strip() for line in banks.measures(book) if line.kept is False]


def test_a_dispute_that_no_bank_has_decided_is_under_way(online: Online, book: Book) -> None:
    assert banks.under_way()
    assert failed(book) == ["disputes / known and decided"]
    banks.decide(online.server.url, book)
    settle(online)
    assert not banks.under_way()
    assert failed(book) == []
    assert banks.moved(book) == -1000 - 1500 - 2 * 800  # lost with its fee, and both shares paid


def test_what_the_books_do_not_have(online: Online, book: Book) -> None:
    banks.decide(online.server.url, book)
    settle(online)
    transfer, dispute = (
        {"id": "x", **changes}
        for changes in (
            {"object": "transfer", "amount": 5, "amount_reversed": 1},
            {"object": "dispute", "balance_transactions": [{"amount": -7, "fee": 0}]},
        )
    )
    assert failed({**book, "tr_x": transfer}) == ["paid to partners / booked"]
    assert failed({**book, "dp_x": dispute}) == ["disputes / known and decided", "withdrawn / booked, minor units"]


def test_a_share_that_is_not_paid(
    online: Online, book: Book, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock
) -> None:
    banks.decide(online.server.url, book)
    settings.STRIPE_CONNECT = False
    online.save_card(user, "pm_card_visa")
    report(partner, EMPIRE_STATE)
    charged(online, user, nyc, clock, minutes=4)
    settle(online)
    assert failed(book) == ["shares not paid out"]
    assert banks.under_way()
