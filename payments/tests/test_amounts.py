"""No card is asked for an amount that the provider would refuse: too little, too much, or between its steps."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, url_of
from core.currencies import currency_of
from payments.books.splitting import split
from payments.models import Attempt, Payment
from payments.states import PaymentStatus
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock, assert_refused, unchanged
from tests.online import Online, set_region
from tests.online_scenes import charged, fare_of

CODES = ["usd", "jpy", "kwd", "isk", "huf", "gbp"]


# ---------------------------------------------------------------- parts


@given(
    st.sampled_from(CODES),
    st.integers(1, 10**6),
    st.lists(st.integers(0, 10**6), max_size=4),
)
def test_every_part_can_be_charged_and_no_hold_gives_more_than_it_has(code: str, units: int, holds: list[int]) -> None:
    counted = currency_of(code)
    amount = units * counted.step
    parts, rest = split(amount, holds, counted)
    assert sum(parts) + rest == amount
    assert all(part <= hold for part, hold in zip(parts, holds, strict=True))
    if amount >= counted.minimum:
        assert all(part == 0 or (part >= counted.minimum and part % counted.step == 0) for part in [*parts, rest])
    else:
        assert (set(parts), rest) in ((set(), amount), ({0}, amount))


@pytest.mark.parametrize(
    ("amount", "holds", "parts", "rest"),
    [
        (1000, [6000], [1000], 0),
        (6500, [6000], [6000], 500),
        (6020, [6000], [5970], 50),  # 20 cents can't be charged alone
        (6020, [6000, 6000], [5970, 50], 0),
        (80, [60], [0], 80),  # neither can what would be left of the hold
        (40, [6000], [0], 40),
    ],
)
def test_a_small_rest_is_filled_up(amount: int, holds: list[int], parts: list[int], rest: int) -> None:
    assert split(amount, holds, currency_of("usd")) == (parts, rest)


# ---------------------------------------------------------------- sessions


def test_a_rest_below_the_least_charge_is_collected_all_the_same(
    online: Online, user: User, nyc: Region, clock: Clock, partner: Partner
) -> None:
    set_region(increment_amount=1010, hold_amount=2000, holds_max=1)
    online.save_card(user)
    fare = fare_of(charged(online, user, nyc, clock, minutes=9))
    assert (fare.amount, fare.status, online.taken()) == (2020, PaymentStatus.PAID, 2020)
    assert [attempt.amount for attempt in fare.attempts.order_by("number")] == [1970, 50]


def test_a_fare_below_the_least_charge_is_never_asked_of_a_card(
    online: Online, user: User, user_api: APIClient, nyc: Region, clock: Clock, partner: Partner
) -> None:
    """Under a tariff of before: the user is not locked out, and the partner's share stays owed."""
    set_region(increment_amount=40, hold_amount=0)
    online.save_card(user)
    fare = fare_of(charged(online, user, nyc, clock))
    assert (fare.status, Attempt.objects.count(), online.intents()) == (PaymentStatus.DUE, 0, [])
    with unchanged():
        assert_refused(user_api.post(f"/payment/{fare.pk}/pay"), 409, "not_chargeable")
    assert user_api.post("/cheerRequest", {"location": {"lat": 40.7484, "lng": -73.9857}}).status_code == 201


# ---------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(("amount", "status"), [(1, 400), (49, 400), (50, 201)])
def test_a_tip_can_be_charged(user_api: APIClient, completed: Ride, amount: int, status: int) -> None:
    answer: Any = user_api.post(f"/ride/{completed.pk}/tip", {"amount": amount})
    assert answer.status_code == status
    if status == 400:
        assert_refused(answer, 400, "amount_too_small", "amount")
        assert "$0.50" in answer.json()["errors"][0]["detail"]
        assert Payment.objects.filter(kind="tip").count() == 0


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"increment_amount": "30"}, "increment_amount"),
        ({"cancellation_fee_amount": "49"}, "cancellation_fee_amount"),
        ({"no_show_fee_amount": "1"}, "no_show_fee_amount"),
        ({"hold_amount": "20"}, "hold_amount"),
        ({"currency": "KWD", "increment_amount": "1234"}, "increment_amount"),
        ({"currency": "isk", "increment_amount": "150050"}, "increment_amount"),
        ({"currency": "huf", "increment_amount": "1000"}, "increment_amount"),
    ],
)
def test_a_tariff_that_no_card_can_pay_is_refused(
    desk: Client, nyc: Region, changes: dict[str, str], field: str
) -> None:
    page: Any = desk.get(url_of(Region, "change", nyc.pk))
    form = page.context["adminform"].form
    values = {name: form.initial[name] for name in form.fields if form.initial.get(name) is not None}
    values |= {"boundary": "[[[2.2, 48.8], [2.5, 48.8], [2.5, 49.0], [2.2, 49.0], [2.2, 48.8]]]", "active": "on"}
    with unchanged():
        answer: Any = desk.post(url_of(Region, "change", nyc.pk), {**values, **changes})
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors


def test_a_free_tariff_without_holds_is_one(desk: Client, nyc: Region) -> None:
    page: Any = desk.get(url_of(Region, "change", nyc.pk))
    form = page.context["adminform"].form
    values = {name: form.initial[name] for name in form.fields if form.initial.get(name) is not None}
    values |= {"boundary": "[[[2.2, 48.8], [2.5, 48.8], [2.5, 49.0], [2.2, 49.0], [2.2, 48.8]]]", "active": "on"}
    free = dict.fromkeys(["increment_amount", "cancellation_fee_amount", "no_show_fee_amount", "hold_amount"], "0")
    assert desk.post(url_of(Region, "change", nyc.pk), {**values, **free}).status_code == 302
