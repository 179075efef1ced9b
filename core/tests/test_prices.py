"""The fare, its tax, our commission and the partner's share."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.prices import (
    COMMISSION_WHOLE,
    NO_TAX,
    TAX_WHOLE,
    Charge,
    Tariff,
    Tax,
    charge,
    commission,
    covered_until,
    elapsed,
    fare,
    increments,
)

TEN_DOLLARS = Tariff(amount=1000, currency="usd", increment_s=300)
MICROSECOND = timedelta(microseconds=1)

DURATIONS = st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=400))
INCREMENTS_S = st.integers(1, 100_000)
TARIFFS = st.builds(Tariff, amount=st.integers(0, 10**9), currency=st.just("usd"), increment_s=INCREMENTS_S)


def minutes(text: str) -> timedelta:
    """`4:59.999` as a duration."""
    whole, _, seconds = text.partition(":")
    return timedelta(minutes=int(whole), microseconds=round(float(seconds) * 1_000_000))


EXAMPLES = [
    ("0:00", 1000),
    ("0:00.001", 1000),
    ("4:59.999", 1000),
    ("5:00", 1000),
    ("5:00.000001", 2000),
    ("5:00.001", 2000),
    ("9:59", 2000),
    ("10:00", 2000),
    ("10:00.000001", 3000),
    ("60:00", 12_000),
    ("1440:00", 288_000),
    ("1440:00.001", 289_000),
]


@pytest.mark.parametrize(("ran", "cents"), EXAMPLES)
def test_examples(ran: str, cents: int) -> None:
    assert fare(TEN_DOLLARS, minutes(ran)) == cents


def test_a_clock_that_steps_back_bills_one_increment() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert elapsed(now, now - timedelta(hours=1)) == timedelta(0)
    assert fare(TEN_DOLLARS, timedelta(hours=-1)) == 1000


def test_times_with_other_offsets_and_across_a_change_of_summer_time() -> None:
    here = ZoneInfo("America/New_York")
    start = datetime(2026, 11, 1, 5, 58, tzinfo=UTC)  # 01:58, four minutes before the clocks go back
    end = datetime(2026, 11, 1, 6, 3, tzinfo=UTC).astimezone(here)
    assert fare(TEN_DOLLARS, elapsed(start, end)) == 1000


def test_other_tariffs() -> None:
    assert fare(Tariff(1, "jpy", 1), timedelta(seconds=86_400)) == 86_400
    assert fare(Tariff(0, "usd", 300), timedelta(hours=5)) == 0


@given(tariff=TARIFFS, duration=DURATIONS, more=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)))
def test_longer_never_costs_less(tariff: Tariff, duration: timedelta, more: timedelta) -> None:
    assert fare(tariff, duration + more) >= fare(tariff, duration)


@given(tariff=TARIFFS, duration=DURATIONS)
def test_a_started_session_bills_whole_increments_and_at_least_one(tariff: Tariff, duration: timedelta) -> None:
    count = increments(duration, tariff.increment_s)
    assert count >= 1
    assert fare(tariff, duration) == count * tariff.amount


@given(increment_s=INCREMENTS_S, duration=st.timedeltas(min_value=MICROSECOND, max_value=timedelta(days=400)))
def test_every_started_increment_and_no_other_is_billed(increment_s: int, duration: timedelta) -> None:
    count, length = increments(duration, increment_s), timedelta(seconds=increment_s)
    assert (count - 1) * length < duration <= count * length


@given(increment_s=INCREMENTS_S, whole=st.integers(1, 5000))
def test_the_border_belongs_to_the_increment_that_ends_there(increment_s: int, whole: int) -> None:
    border = timedelta(seconds=increment_s * whole)
    assert increments(border - MICROSECOND, increment_s) == whole
    assert increments(border, increment_s) == whole
    assert increments(border + MICROSECOND, increment_s) == whole + 1


@given(
    tariff=TARIFFS,
    one=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)),
    other=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)),
)
def test_two_sessions_cost_as_much_as_one_or_one_increment_more(
    tariff: Tariff, one: timedelta, other: timedelta
) -> None:
    apart, together = fare(tariff, one) + fare(tariff, other), fare(tariff, one + other)
    assert together <= apart <= together + tariff.amount


# ---------------------------------------------------------------- our part of it


@pytest.mark.parametrize(
    ("amount", "bps", "ours"), [(1000, 2000, 200), (1003, 2000, 200), (999, 2000, 199), (1, 9999, 0), (7, 0, 0)]
)
def test_the_commission_is_rounded_down_in_the_partners_favour(amount: int, bps: int, ours: int) -> None:
    assert commission(amount, bps, "usd") == ours


@given(st.integers(0, 10**9), st.integers(0, COMMISSION_WHOLE))
def test_the_commission_takes_less_than_a_unit_too_little_and_nothing_too_much(amount: int, bps: int) -> None:
    assert 0 <= amount * bps - commission(amount, bps, "usd") * COMMISSION_WHOLE < COMMISSION_WHOLE


# ---------------------------------------------------------------- tax

TAXES = st.builds(Tax, rate=st.integers(0, TAX_WHOLE), inclusive=st.booleans(), step=st.sampled_from([1, 10, 100]))


@pytest.mark.parametrize(
    ("tax", "price", "charged", "part"),
    [
        (Tax(19_000), 1000, 1000, 160),  # 159.66
        (Tax(8875, inclusive=False), 1000, 1089, 89),  # 88.75
        (Tax(5000, inclusive=False), 10, 11, 1),  # 0.5 is rounded up
        (Tax(0, inclusive=False), 1000, 1000, 0),
        (Tax(), 1000, 1000, 0),
        (Tax(19_000, step=10), 3010, 3010, 480),  # 480.59, of which the last digit must be 0
        (Tax(8875, inclusive=False, step=10), 3010, 3280, 270),  # 267.14
    ],
)
def test_examples_of_tax(tax: Tax, price: int, charged: int, part: int) -> None:
    assert (tax.charged(price), tax.of(price)) == (charged, part)


@given(tax=TAXES, steps=st.integers(0, 10**7))
def test_tax_is_right_to_half_a_step(tax: Tax, steps: int) -> None:
    price = steps * tax.step
    net = tax.charged(price) - tax.of(price)
    exact = Fraction(tax.rate, TAX_WHOLE)
    of = price * exact if not tax.inclusive else price - price / (1 + exact)
    assert abs(tax.of(price) - of) <= Fraction(tax.step, 2)
    assert tax.of(price) % tax.step == 0
    assert 0 <= net <= tax.charged(price)


@given(
    tax=TAXES,
    steps=st.integers(1, 10**6),
    held=st.integers(0, 10**7),
    increment_s=st.integers(1, 3600),
)
def test_what_is_held_covers_as_many_increments_as_it_pays(tax: Tax, steps: int, held: int, increment_s: int) -> None:
    amount, start = steps * tax.step, datetime(2026, 5, 1, tzinfo=UTC)
    until = covered_until(Tariff(amount, "usd", increment_s, tax), start, held)
    assert until is not None
    count = round((until - start).total_seconds()) // increment_s
    assert count == 1 or tax.charged(count * amount) <= held
    assert tax.charged((count + 1) * amount) > held


# ---------------------------------------------------------------- charges


@pytest.mark.parametrize(
    ("tax", "bps", "charged"),
    [
        (NO_TAX, 2000, Charge(1000, 0, 800)),
        (NO_TAX, 0, Charge(1000, 0, 1000)),
        (Tax(19_000), 2000, Charge(1000, 160, 672)),
        (Tax(8875, inclusive=False), 2000, Charge(1089, 89, 800)),
    ],
)
def test_the_share_is_what_tax_and_commission_leave(tax: Tax, bps: int, charged: Charge) -> None:
    assert charge(1000, "usd", tax=tax, commission_bps=bps) == charged
