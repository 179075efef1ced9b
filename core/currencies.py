"""The currencies as the payment provider counts them: decimals, steps, and the least and largest charge.

All of it is from https://docs.stripe.com/currencies, sections "Zero-decimal currencies", "Special cases" and "Minimum
and maximum charge amounts", as of 2026; that amounts of three-decimal currencies end in 0, from its earlier section
"Three-decimal currencies". Amounts everywhere in this code are in these minor units.

HUF and TWD are whole in payouts to a bank alone, which the provider makes by itself, so nothing here concerns them.
"""

from dataclasses import dataclass

NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
THREE_DECIMALS = "bhd iqd jod kwd lyd omr tnd"
WHOLE = "isk ugx"  # written with two decimals, which are always 00
# The least charge that is paid out in its own currency; one that is converted must be worth the least of the other.
MINIMUM = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
MAXIMUM = 99_999_999
COLUMN_MAX = 2_147_483_647  # of the columns that hold amounts; the provider takes more of the last four
LARGER = {"inr": 999_999_999} | dict.fromkeys(["idr", "cop", "huf", "jpy", "lbp"], COLUMN_MAX)


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency is counted. `step`, `minimum` and `maximum` are minor units."""

    decimals: int = 2
    step: int = 1
    minimum: int = 1
    maximum: int = MAXIMUM

    def whole(self, amount: int) -> int:
        """Returns an amount rounded down to what can be moved."""
        return amount // self.step * self.step

    def chargeable(self, amount: int) -> bool:
        """Whether the provider takes a charge of this amount."""
        return self.minimum <= amount <= self.maximum and amount % self.step == 0


def _all() -> dict[str, Currency]:
    decimals = dict.fromkeys(NO_DECIMALS.split(), 0) | dict.fromkeys(THREE_DECIMALS.split(), 3)
    steps = dict.fromkeys(WHOLE.split(), 100) | dict.fromkeys(THREE_DECIMALS.split(), 10)
    return {
        code: Currency(
            decimals.get(code, 2),
            steps.get(code, 1),
            MINIMUM.get(code, steps.get(code, 1)),
            LARGER.get(code, MAXIMUM),
        )
        for code in {*decimals, *steps, *MINIMUM, *LARGER}
    }


SPECIAL = _all()
PLAIN = Currency()


def currency_of(code: str) -> Currency:
    """Returns how a currency is counted; one that is not listed has two decimals and no known minimum."""
    return SPECIAL.get(code.lower(), PLAIN)
