"""The account's state and what its calls do to it. One lock around each call; nothing here knows HTTP."""

import itertools
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

from payments.demo_stripe import cards
from payments.demo_stripe.book import Book, Rows
from payments.demo_stripe.errors import declined, invalid, missing, wrong_state

Thing = dict[str, Any]
# Objects by id, card numbers by payment method (never shown), answers by idempotency key.
TABLES = ["things", "numbers", "kept"]
HOLD_S = 7 * 24 * 3600  # how long an authorization lasts
KINDS = {
    "cus": "customer", "pm": "payment_method", "seti": "setup_intent", "pi": "payment_intent", "ch": "charge",
    "re": "refund", "tr": "transfer", "trr": "transfer_reversal", "acct": "account", "dp": "dispute", "evt": "event",
}  # fmt: skip


def amount_in(params: Thing, name: str = "amount") -> int:
    """A positive number of minor units."""
    text = str(params.get(name, ""))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 100_000_000):
        raise invalid(f"Invalid integer: {text}", param=name, code="parameter_invalid_integer", keep=False)
    return int(text)


class Account:
    """Customers, intents, refunds and transfers of one Stripe account in test mode.

    `announce` is called with each event. `file` keeps the state over a restart. `clock` gives seconds.
    """

    def __init__(
        self,
        announce: Callable[[Thing], None] = lambda event: None,
        *,
        file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = RLock()
        self.announce = announce
        self.clock = clock
        self.book = Book(file, TABLES) if file is not None else None
        self.things, self.numbers, self.kept = (self.book.read(table) if self.book else Rows() for table in TABLES)
        self._counter = itertools.count(len(self.things))

    def save(self) -> None:
        """Write down what may have changed, if the state is to be kept. Call it under the lock."""
        if self.book is not None:
            every = zip(TABLES, (self.things, self.numbers, self.kept), strict=True)
            self.book.write({table: rows.take_changes() for table, rows in every})

    # ------------------------------------------------------------ things

    def add(self, prefix: str, **fields: Any) -> Thing:
        """A new object."""
        id = f"{prefix}_{next(self._counter):06}{secrets.token_hex(6)}"
        thing = {"id": id, "object": KINDS[prefix], "created": int(self.clock()), "livemode": False, **fields}
        self.things[id] = thing
        return thing

    def find(self, kind: str, id: object) -> Thing:
        """An object of a kind. Raises `Refusal`."""
        thing: Thing | None = self.things.get(str(id))
        if thing is None or thing["object"] != kind:
            raise missing(kind, id)
        return thing

    def every(self, kind: str) -> list[Thing]:
        """All of a kind, newest first."""
        return [thing for thing in reversed(self.things.values()) if thing["object"] == kind]

    def tell(self, type: str, thing: Thing) -> None:
        """Make an event of what has just happened, with the object as it is now."""
        event = self.add("evt", type=type, data={"object": json.loads(json.dumps(thing))}, api_version=None)
        del self.things[event["id"]]  # nobody asks for it again, and there are more of them than of anything else
        self.announce(event)

    # ------------------------------------------------------------ customers and cards

    def create_customer(self, params: Thing) -> Thing:
        return self.add("cus", metadata=params.get("metadata", {}))

    def create_setup_intent(self, params: Thing) -> Thing:
        customer = self.find("customer", params.get("customer"))
        setup = self.add(
            "seti", customer=customer["id"], metadata=params.get("metadata", {}), usage=params.get("usage"),
            status="requires_payment_method", payment_method=None, last_setup_error=None, next_action=None,
        )  # fmt: skip
        setup["client_secret"] = f"{setup['id']}_secret_{secrets.token_hex(8)}"
        return setup

    def new_card(self, params: Thing) -> str:
        """The id of the payment method that the parameters name or describe."""
        named = str(params.get("payment_method", ""))
        if named in self.things:
            return str(self.find("payment_method", named)["id"])
        details = params.get("payment_method_data", {}).get("card", {})
        number = cards.NAMED.get(named) or str(details.get("number", "")).replace(" ", "")
        if not cards.passes_luhn(number):
            raise declined("incorrect_number", None, message_for="number", param="number")
        month, year = int(details.get("exp_month", 12)), int(details.get("exp_year", 2034))
        card = self.add("pm", type="card", card=cards.card_of(number, month, year), customer=None)
        self.numbers[card["id"]] = number
        return str(card["id"])

    def confirm_setup_intent(self, id: str, params: Thing) -> Thing:
        """What the card page does: give the card, and ask its holder where the card wants that."""
        setup = self.find("setup_intent", id)
        if setup["status"] in ("succeeded", "canceled"):
            raise invalid("This SetupIntent is over.", code="setup_intent_unexpected_state")
        setup["payment_method"] = self.new_card(params)
        card = self.behaviour_of(setup["payment_method"])
        if card.refuses_saving:
            setup["payment_method"] = None
            setup["last_setup_error"] = {"code": "card_declined", "decline_code": card.refuses_saving}
            self.tell("setup_intent.setup_failed", setup)
            raise declined("card_declined", card.refuses_saving, setup_intent=setup)
        if card.always_asks or card.asks_unless_saved:
            setup.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
            return setup
        return self._set_up(setup)

    def answer_setup_intent(self, id: str, *, agrees: bool) -> Thing:
        """The card's holder has been asked."""
        setup = self.find("setup_intent", id)
        if setup["status"] != "requires_action":
            raise invalid("Nobody was asked.", code="setup_intent_unexpected_state")
        if agrees:
            return self._set_up(setup)
        error = {"code": "setup_intent_authentication_failure"}
        setup.update(status="requires_payment_method", payment_method=None, next_action=None, last_setup_error=error)
        self.tell("setup_intent.setup_failed", setup)
        return setup

    def _set_up(self, setup: Thing) -> Thing:
        setup.update(status="succeeded", next_action=None, last_setup_error=None)
        self.things[setup["payment_method"]]["customer"] = setup["customer"]
        self.tell("setup_intent.succeeded", setup)
        return setup

    def detach_card(self, id: str, params: Thing) -> Thing:
        """Forget whose card it is: it can't be charged any more."""
        card = self.find("payment_method", id)
        if card["customer"] is None:
            raise invalid("The payment method is not attached to a customer.")
        card["customer"] = None
        return card

    def behaviour_of(self, payment_method: object) -> cards.Behaviour:
        """What the card behind a payment method does."""
        return cards.behaviour(self.numbers.get(str(payment_method), ""))

    # ------------------------------------------------------------ payment intents

    def create_payment_intent(self, params: Thing) -> Thing:
        amount = amount_in(params)
        customer = self.find("customer", params.get("customer"))
        card = self.find("payment_method", params.get("payment_method"))
        if card["customer"] != customer["id"]:
            raise invalid("The payment method belongs to another customer.", keep=False)
        intent = self.add(
            "pi", amount=amount, amount_capturable=0, amount_received=0, currency=params.get("currency", "usd"),
            customer=customer["id"], payment_method=card["id"], metadata=params.get("metadata", {}),
            capture_method=params.get("capture_method", "automatic"), status="requires_confirmation",
            transfer_group=params.get("transfer_group"), last_payment_error=None, latest_charge=None,
            cancellation_reason=None, next_action=None,
        )  # fmt: skip
        intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(8)}"
        if params.get("confirm") == "true":
            self._confirm(intent, off_session=params.get("off_session") == "true")
        return intent

    def confirm_payment_intent(self, id: str, params: Thing) -> Thing:
        """The holder is there, with this card or another of theirs."""
        intent = self.find("payment_intent", id)
        if intent["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
            raise wrong_state(intent, "confirmed")
        if params.get("payment_method"):
            intent["payment_method"] = self.find("payment_method", params["payment_method"])["id"]
        self._confirm(intent, off_session=False)
        return intent

    def _confirm(self, intent: Thing, *, off_session: bool) -> None:
        card = self.behaviour_of(intent["payment_method"])
        if card.always_asks and off_session:
            self._fail(intent, "authentication_required", "authentication_required")
        if card.always_asks:
            intent.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
            self.tell("payment_intent.requires_action", intent)
            return
        self._pay(intent)

    def answer_payment_intent(self, id: str, *, agrees: bool) -> Thing:
        """The card's holder has been asked."""
        intent = self.find("payment_intent", id)
        if intent["status"] != "requires_action":
            raise wrong_state(intent, "confirmed")
        if agrees:
            self._pay(intent)
        else:
            self._failed(intent, "payment_intent_authentication_failure", None)
        return intent

    def _pay(self, intent: Thing) -> None:
        card = self.behaviour_of(intent["payment_method"])
        if card.decline:
            self._fail(intent, "card_declined", card.decline)
        manual = intent["capture_method"] == "manual"
        details = {"card": {**self.things[intent["payment_method"]]["card"]}}
        if manual:
            details["card"]["capture_before"] = int(self.clock()) + HOLD_S
        charge = self.add(
            "ch", amount=intent["amount"], amount_captured=0, amount_refunded=0, currency=intent["currency"],
            payment_intent=intent["id"], captured=False, payment_method_details=details, disputed=False,
        )  # fmt: skip
        intent.update(latest_charge=charge["id"], last_payment_error=None, next_action=None)
        if manual:
            intent.update(status="requires_capture", amount_capturable=intent["amount"])
            self.tell("payment_intent.amount_capturable_updated", intent)
        else:
            self._take(intent, intent["amount"])

    def _take(self, intent: Thing, amount: int) -> None:
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        charge = self.things[intent["latest_charge"]]
        charge.update(captured=True, amount_captured=amount)
        self.tell("payment_intent.succeeded", intent)
        if self.behaviour_of(intent["payment_method"]).disputed:
            self.open_dispute(intent["id"])

    def _failed(self, intent: Thing, code: str, decline_code: str | None) -> None:
        error = {"code": code, "decline_code": decline_code, "payment_method": {"id": intent["payment_method"]}}
        intent.update(status="requires_payment_method", last_payment_error=error, payment_method=None, next_action=None)
        self.tell("payment_intent.payment_failed", intent)

    def _fail(self, intent: Thing, code: str, decline_code: str) -> None:
        self._failed(intent, code, decline_code)
        raise declined(code, decline_code, payment_intent=intent)

    def capture_payment_intent(self, id: str, params: Thing) -> Thing:
        intent = self.find("payment_intent", id)
        if intent["status"] != "requires_capture":
            raise wrong_state(intent, "captured")
        amount = amount_in(params, "amount_to_capture") if "amount_to_capture" in params else intent["amount"]
        if amount > intent["amount_capturable"]:
            raise invalid("The amount to capture is greater than what was authorized.", code="amount_too_large")
        self._take(intent, amount)
        return intent

    def cancel_payment_intent(self, id: str, params: Thing) -> Thing:
        intent = self.find("payment_intent", id)
        if intent["status"] in ("succeeded", "canceled", "processing"):
            raise wrong_state(intent, "canceled")
        self.end_intent(intent, params.get("cancellation_reason"))
        return intent

    def end_intent(self, intent: Thing, reason: object) -> None:
        """Cancel it; the holder's bank lets go of what it held."""
        intent.update(status="canceled", amount_capturable=0, cancellation_reason=reason, next_action=None)
        self.tell("payment_intent.canceled", intent)

    def expire_holds(self) -> None:
        """Cancel the authorizations that nobody captured in time."""
        with self.lock:
            for intent in self.every("payment_intent"):
                if intent["status"] == "requires_capture" and intent["created"] + HOLD_S <= self.clock():
                    self.end_intent(self.find("payment_intent", intent["id"]), "automatic")
            self.save()

    # ------------------------------------------------------------ refunds, disputes, transfers

    def create_refund(self, params: Thing) -> Thing:
        intent = self.find("payment_intent", params.get("payment_intent"))
        if intent["status"] != "succeeded":
            raise invalid("This PaymentIntent has nothing to refund.", code="charge_not_refundable")
        charge = self.things[intent["latest_charge"]]
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = amount_in(params) if "amount" in params else left
        if amount > left or not left:
            raise invalid(f"Refund amount is greater than unrefunded amount ({left}).", code="charge_already_refunded")
        charge["amount_refunded"] += amount
        refund = self.add(
            "re", amount=amount, currency=charge["currency"], charge=charge["id"], payment_intent=intent["id"],
            metadata=params.get("metadata", {}), reason=params.get("reason"), failure_reason=None,
            status="pending" if self.behaviour_of(intent["payment_method"]).refund_waits else "succeeded",
        )  # fmt: skip
        self.tell("refund.created", refund)
        return refund

    def fail_refund(self, id: str, reason: str = "expired_or_canceled_card") -> Thing:
        """The holder's bank does not take it: the money is ours again."""
        refund = self.find("refund", id)
        if refund["status"] not in ("pending", "succeeded"):
            raise invalid("This refund is over.", code="resource_unexpected_state")
        refund.update(status="failed", failure_reason=reason)
        self.things[refund["charge"]]["amount_refunded"] -= refund["amount"]
        self.tell("refund.failed", refund)
        return refund

    def settle_refunds(self) -> None:
        """The banks answer: what was pending arrives, and what they don't take comes back."""
        with self.lock:
            for refund in self.every("refund"):
                card = self.behaviour_of(self.things[refund["payment_intent"]]["payment_method"])
                if card.refund_returns and refund["status"] == "succeeded":
                    self.fail_refund(refund["id"])
                elif refund["status"] == "pending":
                    refund["status"] = "succeeded"
                    self.tell("refund.updated", refund)

    def open_dispute(self, intent_id: str, reason: str = "fraudulent") -> Thing:
        """The card's holder denies a payment at their bank."""
        intent = self.find("payment_intent", intent_id)
        charge = self.things[intent["latest_charge"]]
        charge["disputed"] = True
        dispute = self.add(
            "dp", amount=charge["amount_captured"], currency=charge["currency"], charge=charge["id"],
            payment_intent=intent["id"], reason=reason, status="needs_response",
            evidence_details={"due_by": int(self.clock()) + 10 * 24 * 3600},
        )  # fmt: skip
        self.tell("charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, id: str, *, won: bool) -> Thing:
        """The bank has decided."""
        dispute = self.find("dispute", id)
        dispute["status"] = "won" if won else "lost"
        self.tell("charge.dispute.closed", dispute)
        return dispute

    def create_account(self, params: Thing) -> Thing:
        return self.add("acct", type=params.get("type"), metadata=params.get("metadata", {}), payouts_enabled=False)

    def create_account_link(self, params: Thing) -> Thing:
        account = self.find("account", params.get("account"))
        expires = int(self.clock()) + 300
        address = f"{params.get('return_url', '')}#{account['id']}"
        return {"object": "account_link", "created": int(self.clock()), "expires_at": expires, "url": address}

    def finish_onboarding(self, id: str) -> Thing:
        """The partner has given what Stripe asks for."""
        account = self.find("account", id)
        account["payouts_enabled"] = True
        self.tell("account.updated", account)
        return account

    def create_transfer(self, params: Thing) -> Thing:
        account = self.find("account", params.get("destination"))
        if not account["payouts_enabled"]:
            raise invalid("The destination can't take transfers.", code="insufficient_capabilities_for_transfer")
        amount = amount_in(params)
        if amount > self.balance():
            raise invalid("You have insufficient funds in your Stripe account.", code="balance_insufficient")
        return self.add(
            "tr", amount=amount, amount_reversed=0, currency=params.get("currency"), destination=account["id"],
            metadata=params.get("metadata", {}), transfer_group=params.get("transfer_group"),
        )  # fmt: skip

    def reverse_transfer(self, id: str, params: Thing) -> Thing:
        transfer = self.find("transfer", id)
        amount = amount_in(params)
        if amount > transfer["amount"] - transfer["amount_reversed"]:
            raise invalid("The reversal is greater than what is left of the transfer.")
        transfer["amount_reversed"] += amount
        return self.add("trr", amount=amount, transfer=transfer["id"], metadata=params.get("metadata", {}))

    def balance(self) -> int:
        """What the account holds: captured, less refunds and transfers."""
        captured = sum(int(charge["amount_captured"] - charge["amount_refunded"]) for charge in self.every("charge"))
        return captured - sum(int(one["amount"] - one["amount_reversed"]) for one in self.every("transfer"))
