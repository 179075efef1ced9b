"""The calls to the payment provider, Stripe. Answers are plain dictionaries.

Every call that changes something carries an idempotency key that its caller has stored before. A call never runs
inside a transaction: it may take seconds, and its effect can't be rolled back.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import stripe
from django.conf import settings

from core.transactions import require_no_transaction
from payments.operations import stem_of

API_VERSION = "2026-10-28.endive"
RETRIES = 1  # within one call, with the same key; further ones are due rows, which survive this process
Answer = dict[str, Any]


class ProviderError(Exception):
    """The provider did not do what it was asked to do."""


class Unreachable(ProviderError):
    """It is unknown whether the call had its effect: repeat it with the same key.

    `poisoned`: this key is answered with the same error for ever; look for the effect before using another key.
    """

    def __init__(self, message: str, *, poisoned: bool = False) -> None:
        super().__init__(message)
        self.poisoned = poisoned


class KeyReused(Unreachable):
    """The key was used before with other parameters, by another release: look for the effect before anything else."""


class Declined(ProviderError):
    """The card's bank declined. `object` is the intent's present state, if the provider sent it."""

    def __init__(self, code: str, object: Answer | None) -> None:
        super().__init__(code)
        self.code = code
        self.object = object


class Refused(ProviderError):
    """The provider refused, without effect: the object's state or the parameters forbid the call."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def gateway() -> "StripeGateway":
    """Returns the configured provider. Call it only if payments are `enabled`."""
    return _gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT_S)


@cache
def _gateway(key: str, base: str, timeout_s: float) -> "StripeGateway":
    if not key:
        raise RuntimeError("No payment provider is configured.")
    return StripeGateway(key, base, timeout_s)


class StripeGateway:
    """The part of Stripe's API that we use. Amounts are minor units. Raises `ProviderError`."""

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
        """Create a customer to keep a card for. Name and address are not passed on."""
        return _call(self._api.customers.create, {"metadata": metadata}, _once(key))

    def create_setup_intent(self, key: str, *, customer: str, metadata: dict[str, str]) -> Answer:
        """Create a setup for saving a card, for payments at which its holder is away."""
        params = {"customer": customer, "usage": "off_session", "payment_method_types": ["card"], "metadata": metadata}
        return _call(self._api.setup_intents.create, params, _once(key))

    def setup_intent(self, reference: str) -> Answer:
        """Returns a setup, with its card."""
        return _call(self._api.setup_intents.retrieve, reference, {"expand": ["payment_method"]})

    def cancel_setup_intent(self, key: str, reference: str) -> Answer:
        """Close a setup, so that no card can be given to it any more."""
        return _call(self._api.setup_intents.cancel, reference, {}, _once(key))

    def cards(self, customer: str) -> Iterator[Answer]:
        """Yields the cards that the provider keeps for a customer."""

        def listing(params: Answer) -> Any:
            return self._api.customers.payment_methods.list(customer, params)

        return _pages(listing, {"limit": 100})

    def detach(self, key: str, card: str) -> Answer:
        """Detach a card from its customer, so that it can't be charged any more."""
        return _call(self._api.payment_methods.detach, card, {}, _once(key))

    def delete_customer(self, customer: str) -> Answer:
        """Delete a customer with their cards. A repetition is refused, because no such customer is left."""
        return _call(self._api.customers.delete, customer)

    # ------------------------------------------------------------ money in

    def create_intent(self, key: str, params: Answer) -> Answer:
        """Charge a saved card, or only authorize it. Raises `Declined`."""
        return _call(self._api.payment_intents.create, _signed(params, key), _once(key))

    def intent(self, reference: str) -> Answer:
        """Returns an intent's present state."""
        return _call(self._api.payment_intents.retrieve, reference, {"expand": ["latest_charge"]})

    def find_intent(self, *, customer: str, key: str) -> Answer | None:
        """Returns the intent that a call with this key has made, or with another turn of it, if any."""
        return _with_key(_pages(self._api.payment_intents.list, {"customer": customer, "limit": 100}), key)

    def capture(self, key: str, reference: str, params: Answer) -> Answer:
        """Capture an amount of a hold, and release the rest."""
        return _call(self._api.payment_intents.capture, reference, params, _once(key))

    def cancel(self, key: str, reference: str) -> Answer:
        """Cancel an intent that has captured nothing."""
        return _call(self._api.payment_intents.cancel, reference, {}, _once(key))

    def intents_since(self, moment: datetime) -> Iterator[Answer]:
        """Yields every intent made since a moment, newest first."""
        return _pages(self._api.payment_intents.list, {"created": {"gte": int(moment.timestamp())}, "limit": 100})

    # ------------------------------------------------------------ money back

    def refund(self, key: str, params: Answer) -> Answer:
        """Refund a part of an intent."""
        return _call(self._api.refunds.create, _signed(params, key), _once(key))

    def refund_of(self, reference: str) -> Answer:
        """Returns a refund's present state."""
        return _call(self._api.refunds.retrieve, reference)

    def find_refund(self, *, intent: str, key: str) -> Answer | None:
        """Returns the refund that a call with this key has made, or with another turn of it, if any."""
        return _with_key(_pages(self._api.refunds.list, {"payment_intent": intent, "limit": 100}), key)

    def dispute(self, reference: str) -> Answer:
        """Returns a dispute's present state, with the movements of our balance."""
        return _call(self._api.disputes.retrieve, reference)

    def disputes_since(self, moment: datetime) -> Iterator[Answer]:
        """Yields every dispute opened since a moment, newest first."""
        return _pages(self._api.disputes.list, {"created": {"gte": int(moment.timestamp())}, "limit": 100})

    def submit_evidence(self, key: str, dispute: str, text: str) -> Answer:
        """Submit our evidence in a dispute to the card's bank, once and for all."""
        params = {"evidence": {"uncategorized_text": text}, "submit": True}
        return _call(self._api.disputes.update, dispute, params, _once(key))

    # ------------------------------------------------------------ partners

    def create_account(self, key: str, *, metadata: dict[str, str]) -> Answer:
        """Create a partner's account with the provider (Connect, Express)."""
        params = {"type": "express", "capabilities": {"transfers": {"requested": True}}, "metadata": metadata}
        return _call(self._api.accounts.create, params, _once(key))

    def account(self, reference: str) -> Answer:
        """Returns the present state of a partner's account."""
        return _call(self._api.accounts.retrieve, reference)

    def payout(self, reference: str, *, account: str) -> Answer:
        """Returns the present state of the provider's payment to a partner's bank."""
        return _call(self._api.payouts.retrieve, reference, {}, {"stripe_account": account})

    def onboarding_url(self, account: str, *, return_url: str) -> str:
        """Returns the address where a partner gives the provider their details, valid for a few minutes."""
        back = {"return_url": return_url, "refresh_url": return_url}
        params = {"account": account, "type": "account_onboarding", **back}
        return str(_call(self._api.account_links.create, params)["url"])

    def transfer(self, key: str, params: Answer) -> Answer:
        """Pay a partner."""
        return _call(self._api.transfers.create, _signed(params, key), _once(key))

    def find_transfer(self, *, group: str, key: str) -> Answer | None:
        """Returns the transfer that a call with this key has made, or with another turn of it, if any."""
        return _with_key(_pages(self._api.transfers.list, {"transfer_group": group, "limit": 100}), key)

    def reverse_transfer(self, key: str, transfer: str, params: Answer) -> Answer:
        """Reverse a part of a transfer."""
        return _call(self._api.transfers.reversals.create, transfer, _signed(params, key), _once(key))

    def find_reversal(self, *, transfer: str, key: str) -> Answer | None:
        """Returns the reversal that a call with this key has made, or with another turn of it, if any."""
        return _with_key(self.reversals_of(transfer), key)

    def reversals_of(self, transfer: str) -> Iterator[Answer]:
        """Yields what was taken back of a transfer."""

        def listing(params: Answer) -> Any:
            return self._api.transfers.reversals.list(transfer, params)

        return _pages(listing, {"limit": 100})

    # ------------------------------------------------------------ our balance

    def movements(self, since: datetime, until: datetime) -> Iterator[Answer]:
        """Yields the movements of our balance in a time, newest first, each with the object that moved it."""
        created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        params = {"created": created, "limit": 100, "expand": ["data.source"]}
        return _pages(self._api.balance_transactions.list, params)

    def movement(self, reference: str) -> Answer:
        """Returns a movement of our balance, with the object that moved it."""
        return _call(self._api.balance_transactions.retrieve, reference, {"expand": ["source"]})

    def movements_of(self, payout: str) -> Iterator[Answer]:
        """Yields the movements that an automatic payout to our bank consists of."""
        params = {"payout": payout, "limit": 100, "expand": ["data.source"]}
        return _pages(self._api.balance_transactions.list, params)

    def bank_payout(self, reference: str) -> Answer:
        """Returns the present state of a payout to our bank."""
        return _call(self._api.payouts.retrieve, reference)


def _once(key: str) -> Answer:
    return {"idempotency_key": key}


def _signed(params: Answer, key: str) -> Answer:
    """Returns the parameters with the call's key in the metadata of what it makes, by which it can be found."""
    return {**params, "metadata": {**params["metadata"], "key": key}}


def _call(do: Callable[..., Any], *arguments: Any) -> Answer:
    """Call the provider, outside of any transaction, and return a dictionary.

    Raises: `ProviderError`, `InsideTransaction`.
    """
    require_no_transaction("The payment provider")
    try:
        answer: Answer = do(*arguments).to_dict()
    except stripe.StripeError as error:
        raise _understood(error) from error
    return answer


def _with_key(things: Iterator[Answer], key: str) -> Answer | None:
    """Returns the object made by a call with any turn of this key, which its metadata contains."""
    stem = stem_of(key)
    return next((thing for thing in things if stem_of(str((thing.get("metadata") or {}).get("key"))) == stem), None)


def _pages(listing: Callable[..., Any], params: Answer) -> Iterator[Answer]:
    """Yields every object of a list, fetched page by page."""
    while True:
        page = _call(listing, params)
        yield from page["data"]
        if not page["has_more"]:
            return
        params = {**params, "starting_after": page["data"][-1]["id"]}


def _understood(error: stripe.StripeError) -> ProviderError:
    """Translate an error of the library. Its text may quote the card's holder, so it is not passed on."""
    body: Any = error.json_body if isinstance(error.json_body, dict) else {}
    told: Any = body.get("error", {}) if isinstance(body.get("error"), dict) else {}
    code = str(told.get("code") or type(error).__name__)
    if isinstance(error, stripe.CardError):
        return Declined(str(told.get("decline_code") or code), told.get("payment_intent"))
    if isinstance(error, stripe.RateLimitError | stripe.APIConnectionError) or error.http_status in (409, 429):
        return Unreachable(type(error).__name__)
    # An account that is not, or no longer, ours is no account to us (docs.stripe.com/error-codes#account-invalid).
    if isinstance(error, stripe.PermissionError) and code == "account_invalid":
        return Refused(code, type(error).__name__)
    if isinstance(error, stripe.IdempotencyError):
        return KeyReused(type(error).__name__)
    if isinstance(error, stripe.InvalidRequestError):
        return Refused(code, type(error).__name__)
    # A wrong API key of ours or a failure of theirs says nothing about the payment.
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    replayed = headers.get("idempotent-replayed") == "true"
    return Unreachable(type(error).__name__, poisoned=replayed)
