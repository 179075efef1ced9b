"""The stand-in's balance: each movement of money is listed, with its fee, until a payout takes it to the bank."""

from typing import Any

import pytest
import stripe

from fake_stripe.errors import Refusal, invalid
from fake_stripe.server import Server
from payments.provider.gateway import Refused, gateway
from tests.cast import Clock
from tests.online import SECRET_KEY, Online, later

pytestmark = pytest.mark.django_db
FEE = 59  # of a charge of 1000


@pytest.fixture
def customer(online: Online) -> str:
    return str(gateway().create_customer("customer:1", metadata={})["id"])


def charged(online: Online, customer: str, number: str = "pm_card_visa", **changes: Any) -> Any:
    """An intent of the account, made without the library."""
    setup = online.account.create_setup_intent({"customer": customer})
    online.account.confirm_setup_intent(setup["id"], {"payment_method": number})
    given = {"amount": "1000", "customer": customer, "payment_method": setup["payment_method"], "confirm": "true"}
    return online.account.create_payment_intent({**given, **changes})


def client(server: Server) -> Any:
    """The provider's own library."""
    return stripe.StripeClient(SECRET_KEY, base_addresses={"api": server.url}, max_network_retries=0).v1


def moves(online: Online, **params: Any) -> list[tuple[str, int, int]]:
    """Type, amount and fee of each movement, oldest first."""
    page = client(online.server).balance_transactions.list(params={"limit": 100, **params})
    return [(one.type, one.amount, one.fee) for one in reversed(page.data)]


def test_whatever_moves_the_balance_is_listed(online: Online, customer: str) -> None:
    intent = charged(online, customer)
    held = charged(online, customer, capture_method="manual")
    online.account.capture_payment_intent(held["id"], {"amount_to_capture": "600"})
    refund = online.account.create_refund({"payment_intent": intent["id"], "amount": "400"})
    online.account.fail_refund(refund["id"])
    partner = online.account.create_account({})["id"]
    online.account.finish_onboarding(partner)
    source = {"destination": partner, "amount": "500", "currency": "usd", "source_transaction": intent["latest_charge"]}
    transfer = online.account.create_transfer(source)
    online.account.reverse_transfer(transfer["id"], {"amount": "200"})
    online.account.charge_fee(25)
    assert moves(online) == [
        ("charge", 1000, FEE),
        ("charge", 600, 47),
        ("refund", -400, 0),
        ("refund_failure", 400, 0),
        ("transfer", -500, 0),
        ("transfer_refund", 200, 0),
        ("stripe_fee", -25, 0),
    ]
    assert online.account.balance() == 1600 - FEE - 47 - 500 + 200 - 25
    assert moves(online, type="charge", source=intent["latest_charge"]) == [("charge", 1000, FEE)]


def test_the_object_that_moved_it_comes_with_it(online: Online, customer: str) -> None:
    intent = charged(online, customer)
    listed = client(online.server).balance_transactions.list(params={"expand": ["data.source"]}).data
    assert (listed[0].source.object, listed[0].source.payment_intent) == ("charge", intent["id"])
    assert listed[0].source.balance_transaction == listed[0].id


def test_money_is_available_two_days_later_and_paid_out_then(online: Online, customer: str, clock: Clock) -> None:
    first = charged(online, customer)
    assert (online.account.available(), online.account.pay_out()) == (0, None)
    later(clock, days=2)
    charged(online, customer)  # is not available yet
    online.account.create_refund({"payment_intent": first["id"], "amount": "100"})
    payout = online.account.pay_out()
    assert payout is not None
    assert (payout["amount"], payout["status"], payout["automatic"]) == (1000 - FEE - 100, "in_transit", True)
    lines = moves(online, payout=payout["id"])
    assert lines == [("charge", 1000, FEE), ("refund", -100, 0), ("payout", FEE + 100 - 1000, 0)]
    assert online.account.balance() == 1000 - FEE
    assert online.account.end_payout(payout["id"])["status"] == "paid"


def test_what_a_bank_returns_is_a_line_of_the_next_payout(online: Online, customer: str, clock: Clock) -> None:
    charged(online, customer)
    later(clock, days=2)
    first = online.account.pay_out()
    assert first is not None
    online.account.end_payout(first["id"], failure="account_closed")
    again = online.account.pay_out()
    assert again is not None
    assert again["amount"] == first["amount"]
    assert [type for type, *_ in moves(online, payout=again["id"])] == ["payout_failure", "payout"]


def test_a_payout_by_hand_has_no_lines_but_its_own(online: Online, customer: str, clock: Clock) -> None:
    charged(online, customer)
    later(clock, days=2)
    with pytest.raises(Refusal):
        online.account.pay_out(amount=5000)
    payout = online.account.pay_out(amount=300)
    assert payout is not None
    assert moves(online, payout=payout["id"]) == [("payout", -300, 0)]
    assert payout["reconciliation_status"] == "not_applicable"
    listed = client(online.server).payouts.list().data
    assert [one.id for one in listed] == [payout["id"]]


def test_it_is_paid_out_daily(online: Online, customer: str, clock: Clock) -> None:
    charged(online, customer)
    later(clock, days=2)
    for _ in range(2):
        online.account.pay_out_daily()
    later(clock, days=1)
    online.account.pay_out_daily()
    assert [one["status"] for one in online.account.every("payout")] == ["paid"]


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        ("49", "usd", "amount_too_small"),
        ("1001", "kwd", "invalid_charge_amount"),
        ("150", "isk", "invalid_charge_amount"),
    ],
)
def test_amounts_that_a_currency_does_not_have(
    online: Online, customer: str, amount: str, currency: str, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        charged(online, customer, amount=amount, currency=currency)
    assert refused.value.body["error"]["code"] == code


def test_a_bank_takes_its_time(online: Online, customer: str) -> None:
    settled, failed = (charged(online, customer, "pm_usBankAccount_processing") for _ in range(2))
    assert (settled["status"], online.account.balance()) == ("processing", 0)
    with pytest.raises(Refusal):
        online.account.cancel_payment_intent(settled["id"], {})
    online.account.end_processing(settled["id"])
    online.account.end_processing(failed["id"], failure="insufficient_funds")
    assert (settled["status"], failed["status"]) == ("succeeded", "requires_payment_method")
    assert [event["type"] for event in online.events][-2:] == [
        "payment_intent.succeeded", "payment_intent.payment_failed"]  # fmt: skip


def test_a_list_can_be_unreadable(online: Online, clock: Clock) -> None:
    online.server.unreadable["/v1/disputes"] = invalid("No.", code="not_allowed")
    with pytest.raises(Refused):
        list(gateway().disputes_since(clock.now))
