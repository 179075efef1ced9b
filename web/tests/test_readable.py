"""Amounts and durations as people read them."""

from datetime import timedelta

import pytest

from web.templatetags.cheers import duration, minutes, money, price


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "usd", "$0.00"),
        (5, "usd", "$0.05"),
        (1000, "usd", "$10.00"),
        (123_456_789, "usd", "$1,234,567.89"),
        (1000, "EUR", "€10.00"),
        (1000, "jpy", "¥1,000"),
        (1050, "chf", "CHF10.50"),
        (None, "usd", ""),
    ],
)
def test_money(amount: int | None, currency: str, text: str) -> None:
    assert money(amount, currency) == text


@pytest.mark.parametrize(("amount", "text"), [(1000, "$10"), (1050, "$10.50"), (5, "$0.05"), (100_000, "$1,000")])
def test_price(amount: int, text: str) -> None:
    assert price(amount, "usd") == text


@pytest.mark.parametrize(("seconds", "text"), [(300, "5 minutes"), (60, "minute"), (90, "90 seconds")])
def test_minutes(seconds: int, text: str) -> None:
    assert minutes(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (120, "2 min"),
        (725, "12 min 5 s"),
        (timedelta(hours=1, minutes=2, seconds=3), "1 h 2 min"),
        (None, ""),
    ],
)
def test_duration(value: timedelta | float | None, text: str) -> None:
    assert duration(value) == text
