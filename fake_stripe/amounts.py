"""The amounts that can be charged in a currency (docs.stripe.com/currencies)."""

from fake_stripe.errors import invalid

# docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, of the currencies that tests and demos use.
MINIMUM = {
    "usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50, "aud": 50, "cad": 50, "nzd": 50, "brl": 50, "inr": 50,
    "dkk": 250, "nok": 300, "sek": 300, "mxn": 1000, "hkd": 400, "sgd": 50, "pln": 200, "czk": 1500, "aed": 200,
}  # fmt: skip
# The last digit, or the last two, must be zero: docs.stripe.com/currencies#three-decimal, #special-cases.
MULTIPLES = {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}


def require_multiple(amount: int, currency: str) -> None:
    """Check that an amount is one that the currency has. Raises `Refusal`."""
    if amount % MULTIPLES.get(currency, 1):
        raise invalid(
            f"Amounts in {currency} must be multiples of {MULTIPLES[currency]}.", code="invalid_charge_amount"
        )


def require_chargeable(amount: int, currency: str) -> None:
    """Check that an amount can be charged. Raises `Refusal`."""
    require_multiple(amount, currency)
    if amount < MINIMUM.get(currency, 0):
        raise invalid(f"Amount must be at least {MINIMUM[currency]} {currency}.", code="amount_too_small")
