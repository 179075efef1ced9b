"""Random sessions, from the booking to the first charge, and the prices that they may be under."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from payments.tests.mishaps import DEATH, FAULT

CARDS = [
    "pm_card_visa",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredSetupForOffSession",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "pm_card_chargeCustomerFail",
]
HOLDS = [0, 1500, 6000]
Prices = dict[str, Any]


def _prices(
    currency: str, increment: int, bps: int, fees: tuple[int, int], tax: tuple[int, bool] = (0, True)
) -> Prices:
    return {
        "currency": currency,
        "increment_amount": increment,
        "commission_bps": bps,
        "cancellation_fee_amount": fees[0],
        "no_show_fee_amount": fees[1],
        "tax_rate": tax[0],
        "tax_inclusive": tax[1],
        "tax_name": "VAT" if tax[0] else "",
    }


# Commissions and taxes of these are seldom whole, so that a wrong rounding shows.
PRICES = [
    _prices("usd", 997, 1777, (503, 1009)),
    _prices("usd", 1000, 2000, (500, 1000), tax=(8875, False)),
    _prices("jpy", 1013, 1333, (211, 599), tax=(10_000, True)),
    _prices("kwd", 2570, 1777, (1010, 2030), tax=(5000, True)),
]


@dataclass(frozen=True, slots=True)
class Session:
    """Who is cheered for how long, what the first charging meets, and whether card or prices change meanwhile."""

    who: int
    hold: int
    minutes: int
    card: str
    fault: str
    death: int | None
    prices: Prices | None  # before a partner accepts


SESSIONS = st.builds(
    Session,
    who=st.integers(0, 1),
    hold=st.sampled_from(HOLDS),
    minutes=st.one_of(st.integers(1, 70), st.sampled_from([5, 10, 15, 60])),  # the latter end with an increment
    card=st.sampled_from([*[""] * len(CARDS), *CARDS]),
    fault=FAULT,
    death=DEATH,
    prices=st.one_of(st.none(), st.sampled_from(PRICES)),
)
