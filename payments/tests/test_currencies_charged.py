"""Fares, fees, taxes, tips, credit and refunds in currencies with no and with three decimals."""

from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core.currencies import currency_of
from core.errors import Invalid
from ops.audit import all_checks
from payments.apologies import apologize
from payments.books.credits import Grant, give
from payments.books.refunds import refund
from payments.models import Entry, Payment, PromotionCode
from payments.models.ledger import EntryKind
from payments.states import CreditKind, PaymentStatus
from regions.models import Region
from tests.cast import Clock, assert_refused, fresh, unchanged
from tests.online import Online, later, set_region
from tests.online_scenes import book, charged, fare_of, ride_of


def broken(clock: Clock) -> list[str]:
    """The promises that the rows break."""
    return [check.name for check in all_checks() if check.look(clock.now).wrong]


@pytest.mark.parametrize(
    ("code", "price", "hold", "tax", "fare", "share", "taxed"),
    [
        ("usd", 1000, 6000, 0, 2000, 1600, 0),
        ("jpy", 1500, 9000, 0, 3000, 2400, 0),
        ("kwd", 3010, 18_000, 0, 6020, 4820, 0),
        ("usd", 1000, 6000, 8875, 2178, 1600, 178),  # 177.50
        ("jpy", 1500, 9000, 8875, 3266, 2400, 266),  # 266.25
        ("kwd", 3010, 18_000, 8875, 6550, 4820, 530),  # 534.28; a commission of 1204
    ],
)
def test_each_kind_of_currency_from_booking_to_refund(
    online: Online,
    user: User,
    nyc: Region,
    clock: Clock,
    partner: Partner,
    staff: User,
    code: str,
    price: int,
    hold: int,
    tax: int,
    fare: int,
    share: int,
    taxed: int,
) -> None:
    set_region(
        currency=code,
        increment_amount=price,
        hold_amount=hold,
        tax_name="Sales tax",
        tax_rate=tax,
        tax_inclusive=not tax,
    )
    online.save_card(user)
    paid = fare_of(charged(online, user, nyc, clock, minutes=9))
    assert (paid.currency, paid.amount, paid.partner_share, paid.tax_amount) == (code, fare, share, taxed)
    assert paid.status == PaymentStatus.PAID
    assert online.taken() == fare
    step = currency_of(code).step
    refund(paid, amount=7 * step, reason="", actor=staff, now=clock.now)
    online.work()
    refund(fresh(paid), amount=fare - 7 * step, reason="", actor=staff, now=clock.now)
    online.work()
    assert (fresh(paid).status, online.taken()) == (PaymentStatus.REFUNDED, 0)
    for kind, whole in ((EntryKind.SHARE_REVERSED, share), (EntryKind.TAX_REVERSED, taxed)):
        assert sum(Entry.objects.filter(kind=kind).values_list("amount", flat=True)) == whole
    assert all(amount % step == 0 for amount in Entry.objects.values_list("amount", flat=True))
    assert broken(clock) == []


@pytest.mark.parametrize(
    ("code", "price", "credited", "credit", "card"),
    [
        ("jpy", 1500, 1470, 1450, 50),  # no card is charged with less
        ("kwd", 3010, 3000, 3000, 10),
        ("kwd", 3010, 2990, 2990, 20),
    ],
)
def test_credit_leaves_the_card_what_can_be_charged(
    online: Online,
    user: User,
    nyc: Region,
    clock: Clock,
    partner: Partner,
    code: str,
    price: int,
    credited: int,
    credit: int,
    card: int,
) -> None:
    set_region(currency=code, increment_amount=price, hold_amount=6 * price)
    online.save_card(user)
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.APOLOGY, credited, code), now=clock.now)
    paid = fare_of(charged(online, user, nyc, clock))
    assert (paid.credit_amount, online.taken(), paid.status) == (credit, card, PaymentStatus.PAID)
    assert broken(clock) == []


def test_a_share_of_a_fare_is_what_can_be_moved(
    online: Online, user: User, user_api: APIClient, nyc: Region, clock: Clock, partner: Partner
) -> None:
    set_region(currency="kwd", increment_amount=3010, hold_amount=18_000)
    online.save_card(user)
    PromotionCode.objects.create(
        code="QUARTER", amount=2000, share_bps=2500, currency="kwd", budget_amount=2000, starts_at=clock.now
    )
    assert user_api.post("/credit/code", {"code": "quarter"}).status_code == 201
    paid = fare_of(charged(online, user, nyc, clock))
    assert (paid.credit_amount, online.taken()) == (750, 2260)  # 752.5
    assert broken(clock) == []


def test_an_apology_is_of_what_can_be_moved(
    online: Online, user: User, nyc: Region, clock: Clock, partner: Partner, staff: User
) -> None:
    set_region(currency="kwd", increment_amount=3010, hold_amount=18_000)
    online.save_card(user)
    paid = fare_of(charged(online, user, nyc, clock))
    with unchanged(), pytest.raises(Invalid):
        apologize(paid, amount=1005, reason="Sorry", actor=staff, now=clock.now)
    assert apologize(paid, amount=1010, reason="Sorry", actor=staff, now=clock.now).left == 1010


def test_a_late_cancellation_in_thousandths(
    online: Online, user: User, user_api: APIClient, nyc: Region, clock: Clock, partner: Partner
) -> None:
    set_region(
        currency="kwd",
        hold_amount=18_000,
        cancellation_fee_amount=1510,
        tax_name="VAT",
        tax_rate=5000,
        tax_inclusive=False,
    )
    online.save_card(user)
    ride = ride_of(book(online, user), nyc)
    later(clock, seconds=nyc.cancellation_grace_s + 1)
    assert user_api.post(f"/cheerRequest/{ride.request_id}/cancel").status_code == 200
    online.work()
    fee = Payment.objects.get()
    assert (fee.kind, fee.amount, fee.tax_amount, fee.partner_share) == ("cancellation_fee", 1590, 80, 1210)
    assert (online.taken(), broken(clock)) == (1590, [])


def test_a_refund_is_of_what_can_be_moved(
    online: Online, user: User, nyc: Region, clock: Clock, partner: Partner, staff: User
) -> None:
    set_region(currency="kwd", increment_amount=3010, hold_amount=18_000)
    online.save_card(user)
    paid = fare_of(charged(online, user, nyc, clock))
    with unchanged(), pytest.raises(Invalid):
        refund(paid, amount=1005, reason="", actor=staff, now=clock.now)


@pytest.mark.parametrize(
    ("code", "amount", "refusal"),
    [("jpy", 49, "amount_too_small"), ("jpy", 50, ""), ("kwd", 1005, "invalid"), ("kwd", 1010, "")],
)
def test_a_tip_in_other_units(
    online: Online,
    user: User,
    user_api: APIClient,
    nyc: Region,
    clock: Clock,
    partner: Partner,
    code: str,
    amount: int,
    refusal: str,
) -> None:
    set_region(currency=code, increment_amount=3010, hold_amount=18_000)
    online.save_card(user)
    ride = charged(online, user, nyc, clock)
    answer: Any = user_api.post(f"/ride/{ride.pk}/tip", {"amount": amount, "currency": code})
    if refusal:
        assert_refused(answer, 400, refusal, "amount")
    else:
        online.work()
        tip = Payment.objects.get(kind="tip")
        assert (tip.amount, tip.partner_share, tip.status) == (amount, amount, PaymentStatus.PAID)
