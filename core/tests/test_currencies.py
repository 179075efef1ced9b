"""How currencies are counted, on the server, in the admin and in browsers."""

import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation

from backoffice.columns import amount_text, minor_units
from core.amounts import money
from core.currencies import SPECIAL, currency_of
from core.errors import Invalid


@pytest.mark.parametrize(
    ("amount", "code", "text", "desk"),
    [
        (1000, "usd", "$10.00", "$10.00"),
        (1000, "jpy", "¥1,000", "¥1,000"),
        (1230, "kwd", "KWD1.230", "1.230 KWD"),
        (1000, "isk", "ISK10", "10.00 ISK"),  # as the provider counts it, not a hundred times as much
        (1050, "rsd", "RSD10.50", "10.50 RSD"),  # browsers and CLDR know no hundredths of it; the provider does
        (500, "ugx", "UGX5", "5.00 UGX"),
        (17500, "huf", "HUF175.00", "175.00 HUF"),
    ],
)
def test_an_amount_is_written_with_the_decimals_it_is_counted_in(amount: int, code: str, text: str, desk: str) -> None:
    assert money(amount, code).replace("\xa0", "") == text
    assert amount_text(amount, code) == desk


def test_other_languages_have_the_same_decimals() -> None:
    with translation.override("de"):
        assert money(1230, "kwd").replace("\xa0", " ") == "1,230 KWD"
        assert money(1000, "jpy").replace("\xa0", " ") == "1.000 ¥"


@pytest.mark.parametrize(
    ("amount", "code", "takes"),
    [
        (50, "usd", True),
        (49, "usd", False),
        (50, "jpy", True),
        (99_999_999, "usd", True),
        (100_000_000, "usd", False),
        (100_000_000, "jpy", True),
        (1230, "kwd", True),
        (1234, "kwd", False),
        (0, "kwd", False),
        (500, "isk", True),
        (550, "isk", False),
        (17_499, "huf", False),
        (80_045, "twd", True),  # whole in payouts to a bank alone
        (1, "xyz", True),
    ],
)
def test_what_the_provider_charges(amount: int, code: str, takes: bool) -> None:
    assert currency_of(code).chargeable(amount) is takes


def test_what_staff_type_can_be_moved() -> None:
    assert minor_units(Decimal("1.23"), "kwd") == 1230
    for amount, code in ((Decimal("1.234"), "kwd"), (Decimal("10.5"), "isk"), (Decimal("1.005"), "usd")):
        with pytest.raises(Invalid):
            minor_units(amount, code)


def test_browsers_know_the_same_decimals() -> None:
    script = (settings.BASE_DIR / "static" / "js" / "format.js").read_text()
    lists = {
        name: set(re.findall(r'"([a-z]{3})"', codes))
        for name, codes in re.findall(r"const (NO_DECIMALS|THREE_DECIMALS|WHOLE) = new Set\(\[(.*?)\]\)", script, re.S)
    }
    assert lists == {
        "NO_DECIMALS": {code for code, counted in SPECIAL.items() if counted.decimals == 0},
        "THREE_DECIMALS": {code for code, counted in SPECIAL.items() if counted.decimals == 3},
        "WHOLE": {code for code, counted in SPECIAL.items() if counted.step == 100},
    }
