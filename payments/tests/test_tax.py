"""Tax on fares and fees: agreed with the request, charged once, and owed to the tax office to the minor unit."""

from random import Random

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from backoffice.audit import VIOLATION, Check
from core.currencies import currency_of
from payments.audit import CHECKS
from payments.books import ledger
from payments.books.refunds import refund
from payments.models import Entry, Payment
from payments.states import PaymentStatus
from payments.tax_audit import CHECKS as TAX_CHECKS
from regions.models import Region
from requests_app.services import cancel_request
from rides.audit import CHECKS as RIDE_CHECKS
from rides.models import Ride
from rides.services import tip_ride
from rides.tasks import mail_receipt
from rides.tests.test_receipt_pdf import words_of
from tests.cast import Clock, end, fresh
from tests.online import Online, later, set_region
from tests.online_scenes import book, charged, fare_of, ride_of
from tests.settling import settle_in_cash

NEW_YORK = {"tax_name": "Sales tax", "tax_rate": 8875, "tax_inclusive": False, "tax_number": "NY 12-3456789"}
GERMANY = {"tax_name": "VAT", "tax_rate": 19_000, "tax_inclusive": True, "tax_number": "DE123456789"}
LIVES = 20


def broken(clock: Clock, *more: Check) -> list[str]:
    checks = [*CHECKS, *TAX_CHECKS, *more]
    return [check.name for check in checks if check.kind == VIOLATION and check.look(clock.now).wrong]


@pytest.fixture
def added(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Ride:
    """A ride of $10 to which 8.875% were added, charged to the card."""
    set_region(hold_amount=1500, holds_max=1, **NEW_YORK)
    online.save_card(user)
    return charged(online, user, nyc, clock)


def sums() -> tuple[int, int, int]:
    """Returns the tax owed, the partners' account and the sales."""
    return -ledger.balance("tax"), -ledger.balance("partners"), -ledger.balance("sales")


def test_a_tax_that_is_added_is_charged_and_owed(online: Online, added: Ride, clock: Clock) -> None:
    fare = fare_of(added)
    assert (added.fare_amount, fare.amount, fare.tax_amount) == (1000, 1089, 89)
    assert (fare.status, online.taken()) == (PaymentStatus.PAID, 1089)
    assert sums() == (89, 800, 200)  # the commission is of the net
    assert broken(clock, *RIDE_CHECKS) == []


def test_a_tax_that_is_included_changes_no_price(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=1500, holds_max=1, **GERMANY)
    online.save_card(user)
    fare = fare_of(charged(online, user, nyc, clock))
    assert (fare.amount, fare.tax_amount, fare.partner_share) == (1000, 160, 672)
    assert sums() == (160, 672, 168)
    assert broken(clock, *RIDE_CHECKS) == []


def test_the_tax_is_that_of_the_time_of_asking(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(**NEW_YORK)
    online.save_card(user)
    request = book(online, user)
    set_region(tax_name="Luxury tax", tax_rate=50_000, tax_number="other")
    ride = ride_of(request, nyc)
    assert (ride.tax_rate, ride.tax_inclusive, ride.request.terms.tax_number) == (8875, False, "NY 12-3456789")
    assert broken(clock, *RIDE_CHECKS) == []


def test_a_fee_is_taxed_and_a_tip_is_not(
    user: User, partner: Partner, nyc: Region, ride: Ride, completed: Ride, clock: Clock
) -> None:
    Ride.objects.update(tax_rate=8875, tax_inclusive=False)
    tip = tip_ride(fresh(completed), amount=250, currency="usd", now=clock.now)
    assert (tip.amount, tip.tax_amount, tip.partner_share) == (250, 0, 250)


def test_a_cancellation_fee_is_taxed(user: User, ride: Ride, clock: Clock) -> None:
    Ride.objects.update(tax_rate=8875, tax_inclusive=False)
    cancel_request(user, ride.request_id, reason="", now=clock.advance(600))
    fee = Payment.objects.get()
    assert (fee.amount, fee.tax_amount, fee.partner_share) == (544, 44, 400)


def test_the_cover_of_a_hold_counts_the_tax(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    """Two increments of $10 are $21.78 with the tax, which a hold of $20 does not cover."""
    set_region(hold_amount=2000, holds_max=1, **NEW_YORK)
    online.save_card(user)
    ride = charged(online, user, nyc, clock)
    assert ride.start_time is not None
    assert ride.covered_until is not None
    assert (ride.covered_until - ride.start_time).total_seconds() == 300


# ---------------------------------------------------------------- refunds


def test_a_refund_in_parts_takes_the_tax_back_to_the_cent(
    online: Online, added: Ride, staff: User, clock: Clock
) -> None:
    for amount, owed in ((333, 89 - 27), (333, 89 - 54), (423, 0)):
        refund(fare_of(added), amount=amount, reason="", actor=staff, now=clock.now)
        online.work()
        assert (-ledger.balance("tax"), broken(clock, *RIDE_CHECKS)) == (owed, [])
    assert sums() == (0, 0, 0)


def test_a_refund_that_the_bank_returns_owes_the_tax_again(
    online: Online, added: Ride, staff: User, clock: Clock
) -> None:
    refund(fare_of(added), amount=500, reason="", actor=staff, now=clock.now)
    online.work()
    later(clock, days=4)
    online.account.fail_refund(online.account.every("refund")[0]["id"])
    online.deliver()
    online.work()
    assert (sums(), broken(clock, *RIDE_CHECKS)) == ((89, 800, 200), [])


@pytest.mark.parametrize("currency", ["usd", "jpy", "kwd"])
def test_any_life_adds_up(running: Ride, staff: User, clock: Clock, settings: Settings, currency: str) -> None:
    """Prices, rates, commissions and refunds at random: nothing is lost or made by rounding."""
    settings.MANUAL_ENTRY_LIMITS = {currency: 10**9}
    for seed in range(LIVES):
        random = Random(f"{currency} {seed}")
        with transaction.atomic():
            Ride.objects.update(
                tariff_amount=random.choice([1, 7, 333, 1000, 98_765]) * currency_of(currency).step,
                tariff_currency=currency,
                commission_bps=random.choice([0, 1, 1999, 2000, 10_000]),
                tax_rate=random.choice([0, 1, 5000, 8875, 19_000, 25_000, 100_000]),
                tax_inclusive=random.random() < 0.5,
            )
            _live(fresh(running), staff, clock, random)
            assert broken(clock) == [], seed
            transaction.set_rollback(True)


def _live(ride: Ride, staff: User, clock: Clock, random: Random) -> None:
    end(ride)
    fare = Payment.objects.get()
    if fare.amount:
        settle_in_cash(fare, actor=staff, now=clock.now)
    counted, net = currency_of(fare.currency), fare.amount - fare.tax_amount
    assert fare.partner_share == net - counted.whole(net * ride.commission_bps // 10_000)
    expected = (fare.tax_amount, fare.partner_share, net - fare.partner_share)
    assert sums() == expected
    left = fare.amount
    while left:
        part = left if random.random() < 0.3 else random.randint(1, left // counted.step) * counted.step
        refund(fresh(fare), amount=part, reason="", actor=staff, now=clock.now)
        left -= part
        assert sum(sums()) == ledger.balance("cash") == left
        assert all(0 <= now <= before for now, before in zip(sums()[:2], expected[:2], strict=True))
        assert all(each % counted.step == 0 for each in sums())
    assert sums() == (0, 0, 0)


# ---------------------------------------------------------------- what people are shown


def test_the_bill_says_the_tax(online: Online, added: Ride, user_api: APIClient, staff: User, clock: Clock) -> None:
    address = f"/ride/{added.pk}/receipt"
    bill = user_api.get(address).json()
    assert bill["total"]["amount"] == 1089
    assert bill["lines"][0]["tax"] == {"amount": 89, "currency": "usd"}
    assert bill["tax"] == {
        "name": "Sales tax",
        "label": "Sales tax 8.875%",
        "ratePercent": "8.875",
        "inclusive": False,
        "number": "NY 12-3456789",
        "amount": {"amount": 89, "currency": "usd"},
    }
    drawn = words_of(user_api.get(address, headers={"Accept": "application/pdf"}).content)
    assert {"Of this, Sales tax 8.875%", "$0.89", "Tax number", "NY 12-3456789", "$10.89"} <= set(drawn)
    refund(fare_of(added), amount=500, reason="", actor=staff, now=clock.now)
    online.work()
    assert user_api.get(address).json()["tax"]["amount"]["amount"] == 89 - 40


def test_a_bill_without_tax_has_none(completed: Ride, user_api: APIClient) -> None:
    bill = user_api.get(f"/ride/{completed.pk}/receipt").json()
    assert (bill["tax"], bill["lines"][0]["tax"]["amount"]) == (None, 0)


def test_the_mail_says_the_tax(online: Online, added: Ride, user: User, clock: Clock) -> None:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True})
    later(clock, minutes=2)
    mail_receipt(str(added.pk))
    (sent,) = [sent for sent in mail.outbox if "receipt" in sent.subject]
    assert "Of this, Sales tax 8.875%: $0.89. Tax number: NY 12-3456789" in str(sent.body).replace("\n", " ")


# ---------------------------------------------------------------- audit


@pytest.mark.parametrize("wrong", ["amount", "missing entry", "refund"])
def test_the_audit_finds_tax_that_is_not_booked(
    online: Online, added: Ride, staff: User, clock: Clock, settings: Settings, wrong: str
) -> None:
    if wrong == "amount":
        Payment.objects.update(tax_amount=88)
    elif wrong == "missing entry":
        fare = fare_of(added)
        ledger.book(ledger.EntryKind.TAXED, "twice", fare, 1, now=clock.now)
    else:
        Payment.objects.update(refunded_amount=500)
    found = [check.name for check in TAX_CHECKS if check.look(clock.now).wrong]
    assert found == [{"refund": "refunds_take_their_tax_back"}.get(wrong, "tax_is_booked")]
    assert Entry.objects.filter(kind="taxed").exists()
