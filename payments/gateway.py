"""The payment provider, as we speak to it: Stripe, chosen by configuration. Answers are plain dictionaries.

Every call that changes something carries an idempotency key which its caller has stored before. A call never runs
inside a transaction: it may last seconds, and what it did can't be rolled back.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.db import connection

API_VERSION = "2026-10-28.endive"
RETRIES = 1  # within one call, with the same key; further ones are ours, and survive this process
Answer = dict[str, Any]


class ProviderError(Exception):
    """The provider did not do what it was asked to."""


class Unreachable(ProviderError):
    """Nobody knows whether it was done: ask again, with the same key.

    `spoilt`: the key itself is answered with an error for ever, so look for the effect before using another.
    """

    def __init__(self, message: str, *, spoilt: bool = False) -> None:
        super().__init__(message)
        self.spoilt = spoilt


class Declined(ProviderError):
    """The card's bank said no. `object` is the intent as it is now, where the provider told."""

    def __init__(self, code: str, object: Answer | None) -> None:
        super().__init__(code)
        self.code = code
        self.object = object


class Refused(ProviderError):
    """The provider will not do this, and nothing has happened: the object's state or the parameters forbid it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def enabled() -> bool:
    """Whether payments are charged online."""
    return bool(settings.STRIPE_SECRET_KEY)


def gateway() -> "StripeGateway":
    """The configured provider. Call it only where payments are `enabled`."""
    return _gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT_S)


@cache
def _gateway(key: str, base: str, timeout_s: float) -> "StripeGateway":
    if not key:
        raise RuntimeError("No payment provider is configured.")
    return StripeGateway(key, base, timeout_s)


class StripeGateway:
    """Stripe's API as far as we use it. Amounts are minor units; raises `ProviderError`."""

    def __init__(self, key: str, base: str, timeout_s: float) -> None:
        client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": base} if base else {},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=timeout_s),
        )
        self._api: Any = client.v1  # its parameters are TypedDicts of literals, of which we use a few

    # ------------------------------------------------------------ cards

    def create_customer(self, key: str, *, metadata: dict[str, str]) -> Answer:
        """Somebody whose card we keep. No name and no address: the provider need not know."""
        return _call(self._api.customers.create, {"metadata": metadata}, _once(key))

    def create_setup_intent(self, key: str, *, customer: str, metadata: dict[str, str]) -> Answer:
        """A card to be saved, for payments at which its holder is away."""
        params = {
            "customer": customer,
            "usage": "off_session",
            "payment_method_types": ["card"],
            "metadata": metadata,
        }
        return _call(self._api.setup_intents.create, params, _once(key))

    def setup_intent(self, reference: str) -> Answer:
        """A card to be saved, with the card."""
        return _call(self._api.setup_intents.retrieve, reference, {"expand": ["payment_method"]})

    def cards(self, customer: str) -> Iterator[Answer]:
        """The cards that the provider keeps for a customer."""

        def listing(params: Answer) -> Any:
            return self._api.customers.payment_methods.list(customer, params)

        return _pages(listing, {"limit": 100})

    def detach(self, key: str, card: str) -> Answer:
        """Let go of a card: it can't be charged any more."""
        return _call(self._api.payment_methods.detach, card, {}, _once(key))

    # ------------------------------------------------------------ money in

    def create_intent(
        self,
        key: str,
        *,
        customer: str,
        card: str,
        amount: int,
        currency: str,
        hold: bool,
        off_session: bool,
        metadata: dict[str, str],
        group: str,
    ) -> Answer:
        """Charge a saved card, or with `hold` only authorize it. Raises `Declined`."""
        params: Answer = {
            "customer": customer,
            "payment_method": card,
            "payment_method_types": ["card"],
            "amount": amount,
            "currency": currency,
            "capture_method": "manual" if hold else "automatic",
            "confirm": True,
            "metadata": metadata,
            "transfer_group": group,
            "expand": ["latest_charge"],
        }
        if off_session:
            params["off_session"] = True
        return _call(self._api.payment_intents.create, params, _once(key))

    def intent(self, reference: str) -> Answer:
        """An intent as it is now."""
        return _call(self._api.payment_intents.retrieve, reference, {"expand": ["latest_charge"]})

    def find_intent(self, *, customer: str, key: str) -> Answer | None:
        """The intent that a call with this key has made, if any."""
        return _with_key(_pages(self._api.payment_intents.list, {"customer": customer, "limit": 100}), key)

    def capture(self, key: str, reference: str, *, amount: int) -> Answer:
        """Take this much of what a hold covers, and let go of the rest."""
        return _call(self._api.payment_intents.capture, reference, {"amount_to_capture": amount}, _once(key))

    def cancel(self, key: str, reference: str) -> Answer:
        """End an intent that has taken nothing."""
        return _call(self._api.payment_intents.cancel, reference, {}, _once(key))

    def intents_since(self, moment: datetime) -> Iterator[Answer]:
        """Every intent made since a moment, newest first."""
        return _pages(self._api.payment_intents.list, {"created": {"gte": int(moment.timestamp())}, "limit": 100})

    # ------------------------------------------------------------ money back

    def refund(self, key: str, intent: str, *, amount: int, metadata: dict[str, str]) -> Answer:
        """Give back a part of what an intent took."""
        params = {"payment_intent": intent, "amount": amount, "metadata": metadata}
        return _call(self._api.refunds.create, params, _once(key))

    def refund_of(self, reference: str) -> Answer:
        """A refund as it is now."""
        return _call(self._api.refunds.retrieve, reference)

    def find_refund(self, *, intent: str, key: str) -> Answer | None:
        """The refund that a call with this key has made, if any."""
        return _with_key(_pages(self._api.refunds.list, {"payment_intent": intent, "limit": 100}), key)

    def refunds_since(self, moment: datetime) -> Iterator[Answer]:
        """Every refund made since a moment, newest first."""
        return _pages(self._api.refunds.list, {"created": {"gte": int(moment.timestamp())}, "limit": 100})

    def dispute(self, reference: str) -> Answer:
        """A dispute as it is now."""
        return _call(self._api.disputes.retrieve, reference)

    # ------------------------------------------------------------ partners

    def create_account(self, key: str, *, metadata: dict[str, str]) -> Answer:
        """A partner's account with the provider (Connect, Express)."""
        params = {"type": "express", "capabilities": {"transfers": {"requested": True}}, "metadata": metadata}
        return _call(self._api.accounts.create, params, _once(key))

    def account(self, reference: str) -> Answer:
        """A partner's account as it is now."""
        return _call(self._api.accounts.retrieve, reference)

    def onboarding_url(self, account: str, *, return_url: str) -> str:
        """Where a partner tells the provider what it must know to pay them. Good for a few minutes."""
        params = {
            "account": account,
            "type": "account_onboarding",
            "return_url": return_url,
            "refresh_url": return_url,
        }
        return str(_call(self._api.account_links.create, params)["url"])

    def transfer(
        self, key: str, *, account: str, amount: int, currency: str, group: str, metadata: dict[str, str]
    ) -> Answer:
        """Pay a partner from our balance."""
        params = {
            "destination": account,
            "amount": amount,
            "currency": currency,
            "transfer_group": group,
            "metadata": metadata,
        }
        return _call(self._api.transfers.create, params, _once(key))

    def find_transfer(self, *, group: str, key: str) -> Answer | None:
        """The transfer that a call with this key has made, if any."""
        return _with_key(_pages(self._api.transfers.list, {"transfer_group": group, "limit": 100}), key)

    def reverse_transfer(self, key: str, transfer: str, *, amount: int, metadata: dict[str, str]) -> Answer:
        """Take back a part of what a partner was paid."""
        params = {"amount": amount, "metadata": metadata}
        return _call(self._api.transfers.reversals.create, transfer, params, _once(key))

    def find_reversal(self, *, transfer: str, key: str) -> Answer | None:
        """The reversal that a call with this key has made, if any."""

        def listing(params: Answer) -> Any:
            return self._api.transfers.reversals.list(transfer, params)

        return _with_key(_pages(listing, {"limit": 100}), key)


def _once(key: str) -> Answer:
    return {"idempotency_key": key}


def _call(do: Callable[..., Any], *arguments: Any) -> Answer:
    """Call the provider, outside of any transaction, and give a dictionary. Raises `ProviderError`."""
    # Django marks the transactions that its tests wrap around themselves.
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("The payment provider was called inside a transaction.")
    try:
        answer: Answer = do(*arguments).to_dict()
    except stripe.StripeError as error:
        raise _understood(error) from error
    return answer


def _with_key(things: Iterator[Answer], key: str) -> Answer | None:
    """What a call with this key has made: its metadata names the key."""
    return next((thing for thing in things if (thing.get("metadata") or {}).get("key") == key), None)


def _pages(listing: Callable[..., Any], params: Answer) -> Iterator[Answer]:
    """Every object of a list, page by page."""
    while True:
        page = _call(listing, params)
        yield from page["data"]
        if not page["has_more"]:
            return
        params = {**params, "starting_after": page["data"][-1]["id"]}


def _understood(error: stripe.StripeError) -> ProviderError:
    """What an error of the library means to us. Its text may quote the card's holder, so it is not passed on."""
    body: Any = error.json_body if isinstance(error.json_body, dict) else {}
    told: Any = body.get("error", {}) if isinstance(body.get("error"), dict) else {}
    code = str(told.get("code") or type(error).__name__)
    if isinstance(error, stripe.CardError):
        return Declined(str(told.get("decline_code") or code), told.get("payment_intent"))
    if isinstance(error, stripe.RateLimitError | stripe.APIConnectionError) or error.http_status in (409, 429):
        return Unreachable(type(error).__name__)
    if isinstance(error, stripe.InvalidRequestError | stripe.IdempotencyError):
        return Refused(code, type(error).__name__)
    # Neither a wrong key of ours nor their trouble says anything about the payment.
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    replayed = headers.get("idempotent-replayed") == "true"
    return Unreachable(type(error).__name__, spoilt=replayed)
