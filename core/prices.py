"""The pure rules of prices: fares, tax, our commission and the partner's share of what is charged.

Offers, the running display, the charge, the receipt and the admin all compute by them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.currencies import currency_of

TAX_WHOLE = 100_000  # thousandths of a percent in a whole
COMMISSION_WHOLE = 10_000  # hundredths of a percent in a whole


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax on fares and fees. Amounts are rounded half up to what can be moved, once for each bill's line."""

    rate: int = 0  # thousandths of a percent
    inclusive: bool = True  # whether prices include it
    step: int = 1  # minor units that amounts of its currency are multiples of

    def of(self, price: int) -> int:
        """Returns the tax on a price, in it or on top of it."""
        whole = TAX_WHOLE + self.rate if self.inclusive else TAX_WHOLE
        return (2 * price * self.rate + whole * self.step) // (2 * whole * self.step) * self.step

    def charged(self, price: int) -> int:
        """Returns the amount that is charged for a price."""
        return price if self.inclusive else price + self.of(price)


NO_TAX = Tax()


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of a started increment, frozen with the request, and on the ride at acceptance."""

    amount: int  # minor units of `currency` per started increment
    currency: str  # ISO 4217, lower case
    increment_s: int  # seconds
    tax: Tax = NO_TAX


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The time that a session has run; never negative, even if a clock has stepped back."""
    return max(end - start, timedelta(0))


def increments(duration: timedelta, increment_s: int) -> int:
    """The number of increments that a session of this length has started, at least one.

    An increment includes its end: with 5-minute increments, 5:00 is one and 5:00.000001 is two.
    The calculation uses whole microseconds, so no rounding affects it.
    """
    started = -(-max(duration, timedelta(0)) // timedelta(seconds=increment_s))
    return max(1, started)


def fare(tariff: Tariff, duration: timedelta) -> int:
    """The price in minor units of a session of this length: `increments × amount`, before a tax that is added to it."""
    return increments(duration, tariff.increment_s) * tariff.amount


def covered_until(tariff: Tariff, start: datetime, amount: int) -> datetime | None:
    """The last moment at which a session costs no more than `amount` minor units; None if the tariff is free.

    The first increment is billed in any case, so it is always covered.
    """
    if not tariff.amount:
        return None
    # The tax is rounded once, so the number of increments may be one more or less than by the rate alone.
    count = amount // tariff.amount
    if not tariff.tax.inclusive:
        count = amount * TAX_WHOLE // (tariff.amount * (TAX_WHOLE + tariff.tax.rate)) + 1
        while count and tariff.tax.charged(count * tariff.amount) > amount:
            count -= 1
    return start + timedelta(seconds=max(1, count) * tariff.increment_s)


# ---------------------------------------------------------------- charges


@dataclass(frozen=True, slots=True)
class Charge:
    """The amount that is charged for a price, and its parts. The rest of it is our commission."""

    amount: int  # minor units of the price's currency, like the others
    tax: int
    share: int  # the partner's


def charge(price: int, currency: str, *, tax: Tax, commission_bps: int) -> Charge:
    """Returns what is charged for a price. The commission is of what the tax leaves.

    Args:
        commission_bps: our part, in hundredths of a percent.
    """
    amount, taxed = tax.charged(price), tax.of(price)
    net = amount - taxed
    return Charge(amount, taxed, net - commission(net, commission_bps, currency))


def commission(amount: int, bps: int, currency: str) -> int:
    """Our part of `amount` minor units, rounded down in the partner's favour to what can be moved."""
    return currency_of(currency).whole(amount * bps // COMMISSION_WHOLE)
