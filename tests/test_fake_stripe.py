"""The stand-in keeps the hard parts of the real one."""

import threading
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from fake_stripe.account import HOLD_S, Account
from fake_stripe.errors import Refusal
from payments.provider import parameters
from payments.provider.gateway import Declined, KeyReused, Refused, StripeGateway, Unreachable, gateway
from testbed.processes import wait_until
from tests.cast import Clock
from tests.online import PAGE_KEY, Online

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(online: Online) -> str:
    return str(gateway().create_customer("customer:1", metadata={})["id"])


def card(online: Online, customer: str, number: str = "pm_card_visa") -> str:
    setup = online.account.create_setup_intent({"customer": customer})
    online.account.confirm_setup_intent(setup["id"], {"payment_method": number})
    if setup["status"] == "requires_action":
        online.account.answer_setup_intent(setup["id"], agrees=True)
    return str(setup["payment_method"])


def intent(online: Online, customer: str, key: str = "k", number: str = "pm_card_visa", **changes: Any) -> Any:
    values: dict[str, Any] = {
        "customer": customer,
        "card": card(online, customer, number),
        "amount": 1000,
        "currency": "usd",
        "hold": False,
        "off_session": True,
        "metadata": {},
        "group": "g",
    }
    return gateway().create_intent(key, parameters.of_intent(**{**values, **changes}))


@pytest.mark.parametrize(("then", "status", "back"), [("won", "won", 1000), ("lost", "lost", 0)])
def test_a_bank_decides_by_hand(online: Online, customer: str, then: str, status: str, back: int) -> None:
    intent(online, customer, number="pm_card_createDispute")
    [dispute] = online.account.every("dispute")
    page = f"{online.server.url}/bank/{dispute['id']}"
    assert "needs_response" in requests.get(page, timeout=10).text
    for choice in (then, "won"):  # decided once
        sent = requests.post(page, {"then": choice}, timeout=10, allow_redirects=False)
        assert (sent.status_code, sent.headers["Location"]) == (303, f"/bank/{dispute['id']}")
    assert dispute["status"] == status
    assert sum(move["amount"] for move in dispute["balance_transactions"]) == back - 1000
    assert requests.get(f"{online.server.url}/bank/dp_unknown", timeout=10).status_code == 404


def test_a_key_is_answered_once(online: Online, customer: str) -> None:
    method = card(online, customer)
    first = intent(online, customer, card=method)
    assert intent(online, customer, card=method) == first
    with pytest.raises(KeyReused):
        intent(online, customer, card=method, amount=999)
    assert online.taken() == 1000


def test_a_decline_is_repeated_too(online: Online, customer: str) -> None:
    method = card(online, customer, "pm_card_chargeCustomerFail")
    codes = []
    for _ in range(2):
        with pytest.raises(Declined) as declined:
            intent(online, customer, card=method)
        codes.append((declined.value.code, (declined.value.object or {})["id"]))
    assert codes[0] == codes[1]
    assert codes[0][0] == "generic_decline"
    assert len(online.intents()) == 1


def test_a_holder_who_is_away_can_not_be_asked(online: Online, customer: str) -> None:
    with pytest.raises(Declined) as declined:
        intent(online, customer, number="pm_card_authenticationRequired")
    assert declined.value.code == "authentication_required"
    assert (declined.value.object or {})["status"] == "requires_payment_method"


def test_a_hold_is_captured_once_and_within_its_bounds(online: Online, customer: str) -> None:
    held = intent(online, customer, hold=True)
    assert held["status"] == "requires_capture"
    with pytest.raises(Refused):
        gateway().capture("c1", held["id"], parameters.of_capture(amount=1001))
    assert gateway().capture("c2", held["id"], parameters.of_capture(amount=400))["amount_received"] == 400
    with pytest.raises(Refused):
        gateway().capture("c3", held["id"], parameters.of_capture(amount=100))
    with pytest.raises(Refused):
        gateway().cancel("c4", held["id"])
    assert (online.taken(), online.held()) == (400, 0)


def test_a_hold_expires(online: Online, customer: str, clock: Clock) -> None:
    held = intent(online, customer, hold=True)
    clock.advance(HOLD_S)
    online.account.expire_holds()
    assert gateway().intent(held["id"])["cancellation_reason"] == "automatic"


def test_refunds_have_bounds(online: Online, customer: str) -> None:
    paid = intent(online, customer)["id"]
    gateway().refund("r1", parameters.of_refund(intent=paid, amount=600, metadata={}))
    with pytest.raises(Refused):
        gateway().refund("r2", parameters.of_refund(intent=paid, amount=401, metadata={}))
    assert online.taken() == 400


def test_transfers_and_reversals_have_bounds(online: Online, customer: str) -> None:
    charge = intent(online, customer)["latest_charge"]["id"]
    account = gateway().create_account("a", metadata={})["id"]
    what: dict[str, Any] = {"account": account, "currency": "usd", "group": "g", "source": charge, "metadata": {}}
    with pytest.raises(Refused):  # nobody knows them yet
        gateway().transfer("t1", parameters.of_transfer(amount=500, **what))
    online.account.finish_onboarding(account)
    with pytest.raises(Refused):
        gateway().transfer("t2", parameters.of_transfer(amount=1001, **what))
    with pytest.raises(Refused):  # the charge's money is there for our balance some days later only
        gateway().transfer("t0", parameters.of_transfer(amount=500, **{**what, "source": None}))
    made = gateway().transfer("t3", parameters.of_transfer(amount=500, **what))["id"]
    with pytest.raises(Refused):
        gateway().reverse_transfer("v1", made, parameters.of_reversal(amount=501, metadata={}))
    gateway().reverse_transfer("v2", made, parameters.of_reversal(amount=500, metadata={}))
    assert (gateway().find_transfer(group="g", key="t3") or {})["id"] == made
    assert gateway().find_reversal(transfer=made, key="v2")
    assert gateway().find_reversal(transfer=made, key="v1") is None


def test_a_reply_is_lost_after_the_effect(online: Online, customer: str) -> None:
    method = card(online, customer)
    online.fail("lost_reply")
    with pytest.raises(Unreachable):
        intent(online, customer, card=method)
    assert online.taken() == 1000
    assert intent(online, customer, card=method)["status"] == "succeeded"
    assert online.taken() == 1000


def test_a_poisoned_key_stays_poisoned(online: Online, customer: str) -> None:
    method = card(online, customer)
    online.fail("poisoned")
    for poisoned in (False, True):
        with pytest.raises(Unreachable) as unreachable:
            intent(online, customer, card=method)
        assert unreachable.value.poisoned is poisoned
    assert gateway().find_intent(customer=customer, key="k")


def test_a_page_may_do_what_its_secret_is_for(online: Online, customer: str) -> None:
    page = stripe.StripeClient(PAGE_KEY, base_addresses={"api": online.server.url}, max_network_retries=0)
    setup = gateway().create_setup_intent("s", customer=customer, metadata={})
    method = {"payment_method_data": {"type": "card", "card": {"number": "4242424242424242"}}}
    api: Any = page.v1.setup_intents
    with pytest.raises(stripe.InvalidRequestError):
        api.confirm(setup["id"], {**method, "client_secret": "guessed"})
    assert api.confirm(setup["id"], {**method, "client_secret": setup["client_secret"]}).status == "succeeded"
    with pytest.raises(stripe.AuthenticationError):
        page.v1.customers.create({})


def test_lists_come_in_pages(online: Online, customer: str, clock: Clock) -> None:
    for number in range(105):
        online.account.create_payment_intent(
            {"amount": str(number + 50), "customer": customer, "payment_method": card(online, customer)}
        )
    found = list(gateway().intents_since(clock.now.replace(year=2000)))
    assert [one["amount"] for one in found] == list(range(154, 49, -1))


def test_of_two_calls_with_one_key_the_second_is_told_to_wait(online: Online, customer: str) -> None:
    method, answers = card(online, customer), []

    def call() -> None:
        try:
            answers.append(intent(online, customer, card=method)["status"])
        except Unreachable as error:
            answers.append(str(error))

    callers = [threading.Thread(target=call) for _ in range(2)]
    with online.account.lock:  # the first is under way until the account is free
        for caller in callers:
            caller.start()
        wait_until(lambda: len(answers) == 1, 20, "the second is answered")
    for caller in callers:
        caller.join(20)
    assert (answers[0], answers[1], online.taken()) == ("APIError", "succeeded", 1000)


def test_a_wrong_key(online: Online) -> None:
    with pytest.raises(Unreachable):
        StripeGateway("sk_wrong", online.server.url, 5).create_customer("k", metadata={})


def test_its_book_outlives_it(tmp_path: Path) -> None:
    account = Account(file=tmp_path / "book.sqlite3")
    buyer = account.create_customer({})["id"]
    setup = account.create_setup_intent({"customer": buyer})
    account.confirm_setup_intent(setup["id"], {"payment_method": "pm_card_visa"})
    params = {"amount": "700", "customer": buyer, "payment_method": setup["payment_method"], "confirm": "true"}
    held = account.create_payment_intent({**params, "capture_method": "manual"})
    account.save()
    account.capture_payment_intent(held["id"], {"amount_to_capture": "300"})
    account.save()

    again = Account(file=tmp_path / "book.sqlite3")  # as after a `kill -9`: nobody has closed anything
    assert again.things == account.things
    assert (again.balance(), again.before_fees()) == (300 - 39, 300)
    assert again.behaviour_of(setup["payment_method"]) == account.behaviour_of(setup["payment_method"])
    with pytest.raises(Refusal):
        again.capture_payment_intent(held["id"], {})


def test_a_call_writes_only_what_it_may_have_changed(tmp_path: Path) -> None:
    account = Account(file=tmp_path / "book.sqlite3")
    first = account.create_customer({})["id"]
    account.save()
    second = account.create_customer({})["id"]
    assert [id for id, _ in account.things.take_changes()] == [second]
    account.create_setup_intent({"customer": first})
    assert first in dict(account.things.take_changes())
