"""Limits on saving cards: nobody tries out stolen ones with us."""

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from fake_stripe.errors import Refusal
from payments.models import Customer
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import Clock, assert_refused, make_user, unchanged
from tests.online import Online

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
def rates(settings: Settings) -> dict[str, str]:
    """The rates, to be changed."""
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    return rates


def begin(api: APIClient) -> Any:
    return api.post("/cardSetup")


def declined(online: Online, setup: str, times: int = 1) -> None:
    """A bank declines a card that is given for a setup, and we hear of it."""
    for _ in range(times):
        with pytest.raises(Refusal):
            online.account.confirm_setup_intent(setup, {"payment_method": DECLINED})
    online.deliver()
    online.work()


@pytest.mark.parametrize("scope", ["card", "card_day"])
def test_an_account_tries_few_cards(
    online: Online, user: User, user_api: APIClient, other_user_api: APIClient, rates: dict[str, str], scope: str
) -> None:
    rates[scope] = "2/hour"
    assert [begin(user_api).status_code for _ in range(2)] == [201, 201]
    setups = len(online.account.every("setup_intent"))
    refused = begin(user_api)
    assert_refused(refused, 429, "card_velocity")
    assert int(refused["Retry-After"]) > 0
    assert len(online.account.every("setup_intent")) == setups
    flag = Flag.objects.get()
    assert (flag.kind, flag.account, flag.evidence) == (FlagKind.CARD_VELOCITY, user, {"limits": [scope]})
    assert begin(user_api).status_code == 429
    assert Flag.objects.get().times == 2
    assert begin(other_user_api).status_code == 201


@pytest.mark.parametrize("scope", ["card_address", "card_address_day"])
def test_many_accounts_of_one_address_try_few_cards(
    online: Online, user_api: APIClient, other_user_api: APIClient, rates: dict[str, str], scope: str
) -> None:
    rates[scope] = "1/hour"
    same = {"REMOTE_ADDR": "2001:db8:1:2::1"}
    assert user_api.post("/cardSetup", **same).status_code == 201
    assert_refused(other_user_api.post("/cardSetup", REMOTE_ADDR="2001:db8:1:2::9"), 429, "card_velocity")
    assert other_user_api.post("/cardSetup", REMOTE_ADDR="2001:db8:9::1").status_code == 201


def test_declines_in_a_row_block_for_a_while(
    online: Online, user: User, user_api: APIClient, settings: Settings, clock: Clock
) -> None:
    settings.CARD_DECLINES_MAX, settings.CARD_DECLINES_WAIT_S = 3, 3600
    setup = begin(user_api).json()["setupIntentId"]
    declined(online, setup, 2)
    assert not Flag.objects.exists()
    declined(online, setup)
    flag = Flag.objects.get()
    assert (flag.kind, flag.account, flag.figure, flag.limit) == (FlagKind.CARD_VELOCITY, user, 3, 3)
    with unchanged():
        refused = begin(user_api)
    assert_refused(refused, 429, "card_velocity")
    assert 3500 < int(refused["Retry-After"]) <= 3600
    clock.advance(3601)
    assert begin(user_api).status_code == 201


def test_the_secret_of_a_setup_tries_no_more_cards(
    online: Online, user: User, user_api: APIClient, settings: Settings, clock: Clock
) -> None:
    """The provider takes cards for an open setup without asking us, so beyond the limit each is closed after a try."""
    settings.CARD_DECLINES_MAX = 2
    setups = [begin(user_api).json()["setupIntentId"]]
    clock.advance(1)
    setups.append(begin(user_api).json()["setupIntentId"])
    declined(online, setups[0], 2)
    declined(online, setups[1])
    for setup in setups:
        assert online.account.find("setup_intent", setup)["status"] == "canceled"
        with pytest.raises(Refusal):
            online.account.confirm_setup_intent(setup, {"payment_method": "pm_card_visa"})
    assert not Customer.objects.get(user=user).card_reference


def test_an_honest_slip_is_forgotten(
    online: Online, user: User, user_api: APIClient, settings: Settings, clock: Clock
) -> None:
    settings.CARD_DECLINES_MAX = 2
    for _ in range(3):
        setup = begin(user_api).json()["setupIntentId"]
        declined(online, setup)
        online.account.confirm_setup_intent(setup, {"payment_method": "pm_card_visa"})
        assert user_api.post("/card", {"setupIntentId": setup}).status_code == 200
        clock.advance(2)
    assert not Flag.objects.exists()


def test_a_card_that_many_accounts_save_is_flagged(online: Online, user: User, settings: Settings) -> None:
    settings.CARD_ACCOUNTS_MAX = 2
    others = [make_user(f"Mule {n}") for n in range(2)]
    online.save_card(user)
    online.save_card(others[0])
    online.save_card(make_user("Someone"), "pm_card_mastercard")
    assert not Flag.objects.exists()
    online.save_card(others[1])
    flag = Flag.objects.get()
    assert (flag.kind, flag.account, flag.figure, flag.limit) == (FlagKind.CARD_SHARED, others[1], 3, 2)


def test_a_decline_of_nobody_is_nothing(online: Online, user: User) -> None:
    customer = online.account.create_customer({})
    setup = online.account.create_setup_intent({"customer": customer["id"]})
    declined(online, setup["id"], 9)
    assert not Flag.objects.exists()
