"""Stripe's test cards and the behaviour of each number (docs.stripe.com/testing)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a card behaves: the decline code of its payments, and whether its holder must confirm them."""

    brand: str = "visa"
    decline: str = ""  # decline code of its payments; saving the card works
    refuses_saving: str = ""  # decline code of saving the card
    always_asks: bool = False  # the holder must confirm every payment
    asks_unless_saved: bool = False  # the holder confirms once, when saving the card
    disputed: bool = False
    processes: bool = False  # a payment is `processing` until its bank answers
    refund_waits: bool = False  # a refund is pending at first
    refund_returns: bool = False  # a refund succeeds at first, then the bank returns it


BEHAVIOURS = {
    "4242424242424242": Behaviour(),
    "5555555555554444": Behaviour("mastercard"),
    "4000000000000002": Behaviour(refuses_saving="generic_decline", decline="generic_decline"),
    "4000000000009995": Behaviour(refuses_saving="insufficient_funds", decline="insufficient_funds"),
    "4000000000000341": Behaviour(decline="generic_decline"),
    "4000002500003155": Behaviour(asks_unless_saved=True),
    "4000002760003184": Behaviour(always_asks=True),
    "4000008260003178": Behaviour(asks_unless_saved=True, decline="insufficient_funds"),
    "4000000000000259": Behaviour(disputed=True),
    "4000000000007726": Behaviour(refund_waits=True),
    "4000000000005126": Behaviour(refund_returns=True),
    "6200000000000005": Behaviour("unionpay", processes=True),  # of ours: that of Stripe is a bank account
}
# The named payment methods of Stripe's test mode.
NAMED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredSetupForOffSession": "4000002500003155",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_usBankAccount_processing": "6200000000000005",  # docs.stripe.com/testing#non-card-payments
}


def behaviour(number: str) -> Behaviour:
    """The behaviour of a card number; unknown numbers are plain cards."""
    return BEHAVIOURS.get(number, Behaviour())


def passes_luhn(number: str) -> bool:
    """Whether the check digit is right (H. P. Luhn, US patent 2950048)."""
    if not (number.isascii() and number.isdecimal() and 12 <= len(number) <= 19):
        return False
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def card_of(number: str, month: int, year: int) -> dict[str, Any]:
    """The public details of a card."""
    fingerprint = sha256(f"fingerprint of {number}".encode()).hexdigest()[:16]  # the same for the same number
    return {
        "brand": behaviour(number).brand,
        "last4": number[-4:],
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint,
    }
