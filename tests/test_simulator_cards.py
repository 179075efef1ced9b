"""Saving a card where cheers are paid by card, at a provider over HTTP."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from fake_stripe.account import Account as Provider
from fake_stripe.cards import Behaviour, behaviour, passes_luhn
from fake_stripe.server import Server
from simulator import cards, payout_account
from simulator.accounts import Refused
from simulator.cards import number_of, save_card
from simulator.tests.fakes import api_of, error, signed_in


@pytest.fixture
def provider() -> Iterator[Server]:
    server = Server(Provider(), secret_key="sk_test_bots", publishable_key="pk_test_bots")
    server.start()
    yield server
    server.shutdown()
    server.server_close()


class OurServer:
    """Begins a setup with the provider, and believes only what that says of it."""

    def __init__(self, provider: Server) -> None:
        self.provider, self.customer = provider.account, provider.account.create_customer({})["id"]
        self.begun = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cardSetup":
            self.begun += 1
            setup = self.provider.create_setup_intent({"customer": self.customer})
            names = {"setupIntentId": setup["id"], "clientSecret": setup["client_secret"]}
            return httpx.Response(201, json={**names, "publishableKey": "pk_test_bots"})
        saved = any(card["customer"] == self.customer for card in self.provider.every("payment_method"))
        return httpx.Response(200, json={"brand": "visa"}) if saved else error(409, "card_not_saved")


def test_a_card_is_given_to_the_provider_and_named_to_us(provider: Server) -> None:
    ours = OurServer(provider)
    asyncio.run(save_card(signed_in(api_of(ours)), provider.url))
    assert len(provider.account.every("payment_method")) == 1


class Payouts:
    """Opens an account with the provider, as soon as `away` calls have been refused."""

    def __init__(self, provider: Server, away: int = 0) -> None:
        self.account, self.away = provider.account, away
        self.opened = provider.account.create_account({})["id"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/partner/payoutAccount"
        if self.away:
            self.away -= 1
            return error(503, "payments_unavailable")
        link = self.account.create_account_link({"account": self.opened, "return_url": "http://ours.test/"})
        return httpx.Response(200, json={"url": link["url"]})


@pytest.mark.parametrize("away", [0, 2])
def test_a_partner_hands_in_the_providers_form(provider: Server, away: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_account, "PAUSE_S", 0)
    ours = Payouts(provider, away)
    asyncio.run(payout_account.open_payout_account(signed_in(api_of(ours))))
    assert provider.account.find("account", ours.opened)["capabilities"] == {"transfers": "active"}


def test_each_bot_has_a_card_of_its_own() -> None:
    numbers = [number_of(f"bot-{n}@example.test") for n in range(200)]
    assert len(set(numbers)) == 200
    assert all(passes_luhn(number) and behaviour(number) == Behaviour() for number in numbers)
    assert number_of("bot-0@example.test") == numbers[0]


def test_a_provider_that_is_away_is_asked_again(provider: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = OurServer(provider)
    monkeypatch.setattr(cards, "PAUSE_S", 0)
    monkeypatch.setattr(cards, "TRIES", 3)
    with pytest.raises(Refused, match="does not take it"):
        asyncio.run(save_card(signed_in(api_of(ours)), "http://127.0.0.1:9"))
    assert ours.begun == 3


def test_a_server_without_payments(provider: Server) -> None:
    refusing = api_of(lambda request: error(409, "payments_offline"))
    with pytest.raises(Refused, match="payments_offline"):
        asyncio.run(save_card(signed_in(refusing), provider.url))
