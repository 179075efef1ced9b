"""The account and the effects of its API calls, independent of HTTP. Each call runs under the account's lock."""

import secrets

from fake_stripe.amounts import require_chargeable, require_multiple
from fake_stripe.balance import FUNDS_S
from fake_stripe.disputes import Disputes
from fake_stripe.errors import declined, invalid, wrong_state
from fake_stripe.things import Thing, amount_in

HOLD_S = 7 * 24 * 3600  # how long an authorization lasts


class Account(Disputes):
    """Customers, intents, refunds and transfers of one Stripe account in test mode.

    `announce` is called with each event. `file` stores the state across restarts. `clock` returns seconds.
    """

    # ------------------------------------------------------------ payment intents

    def create_payment_intent(self, params: Thing) -> Thing:
        amount, currency = amount_in(params), str(params.get("currency", "usd"))
        require_chargeable(amount, currency)
        customer = self.find("customer", params.get("customer"))
        card = self.find("payment_method", params.get("payment_method"))
        if card["customer"] != customer["id"]:
            raise invalid("The payment method belongs to another customer.", keep=False)
        intent = self.add(
            "pi", amount=amount, amount_capturable=0, amount_received=0, currency=currency,
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
        """Confirm an intent with the cardholder present, using its card or another of theirs."""
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
        """Apply the cardholder's answer to the confirmation."""
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
        if card.processes:
            intent.update(status="processing", next_action=None)
            self.tell("payment_intent.processing", intent)
            return
        self._charge(intent)

    def end_processing(self, id: str, *, failure: str = "") -> Thing:
        """Let the bank answer a payment days later (docs.stripe.com/payments/paymentintents/lifecycle)."""
        intent = self.find("payment_intent", id)
        if intent["status"] != "processing":
            raise wrong_state(intent, "confirmed")
        if failure:
            self._failed(intent, "payment_intent_payment_attempt_failed", failure)
        else:
            self._charge(intent)
        return intent

    def _charge(self, intent: Thing) -> None:
        manual = intent["capture_method"] == "manual"
        details = {"card": {**self.things[intent["payment_method"]]["card"]}}
        if manual:
            details["card"]["capture_before"] = int(self.clock()) + HOLD_S
        charge = self.add(
            "ch", amount=intent["amount"], amount_captured=0, amount_refunded=0, currency=intent["currency"],
            payment_intent=intent["id"], captured=False, payment_method_details=details, disputed=False,
            balance_transaction=None,
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
        moved = self.move(
            "charge", amount, charge["currency"], source=charge["id"], fee=self.fee_of(amount),
            available_on=int(self.clock()) + FUNDS_S,
        )  # fmt: skip
        charge.update(captured=True, amount_captured=amount, balance_transaction=moved["id"])
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
        require_multiple(amount, intent["currency"])
        self._take(intent, amount)
        return intent

    def cancel_payment_intent(self, id: str, params: Thing) -> Thing:
        intent = self.find("payment_intent", id)
        if intent["status"] in ("succeeded", "canceled", "processing"):
            raise wrong_state(intent, "canceled")
        self.end_intent(intent, params.get("cancellation_reason"))
        return intent

    def end_intent(self, intent: Thing, reason: object) -> None:
        """Cancel the intent, which releases its authorization."""
        intent.update(status="canceled", amount_capturable=0, cancellation_reason=reason, next_action=None)
        self.tell("payment_intent.canceled", intent)

    def expire_holds(self) -> None:
        """Cancel the authorizations that were not captured in time."""
        with self.lock:
            for intent in self.every("payment_intent"):
                if intent["status"] == "requires_capture" and intent["created"] + HOLD_S <= self.clock():
                    self.end_intent(self.find("payment_intent", intent["id"]), "automatic")
            self.save()

    # ------------------------------------------------------------ refunds, transfers

    def create_refund(self, params: Thing) -> Thing:
        intent = self.find("payment_intent", params.get("payment_intent"))
        if intent["status"] != "succeeded":
            raise invalid("This PaymentIntent has nothing to refund.", code="charge_not_refundable")
        charge = self.things[intent["latest_charge"]]
        if self.is_charged_back(charge):
            raise invalid("The charge has been charged back.", code="charge_disputed")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = amount_in(params) if "amount" in params else left
        if amount > left or not left:
            raise invalid(f"Refund amount is greater than unrefunded amount ({left}).", code="charge_already_refunded")
        charge["amount_refunded"] += amount
        refund = self.add(
            "re", amount=amount, currency=charge["currency"], charge=charge["id"], payment_intent=intent["id"],
            metadata=params.get("metadata", {}), reason=params.get("reason"), failure_reason=None,
            status="pending" if self.behaviour_of(intent["payment_method"]).refund_waits else "succeeded",
            failure_balance_transaction=None,
        )  # fmt: skip
        moved = self.move(
            "refund", -amount, charge["currency"], source=refund["id"], available_on=self._funds_of(charge)
        )
        refund["balance_transaction"] = moved["id"]
        self.tell("refund.created", refund)
        return refund

    def fail_refund(self, id: str, reason: str = "expired_or_canceled_card") -> Thing:
        """Fail a refund, as if the cardholder's bank rejected it; the money returns to the account."""
        refund = self.find("refund", id)
        if refund["status"] not in ("pending", "succeeded"):
            raise invalid("This refund is over.", code="resource_unexpected_state")
        back = self.move("refund_failure", refund["amount"], refund["currency"], source=refund["id"])
        refund.update(status="failed", failure_reason=reason, failure_balance_transaction=back["id"])
        self.things[refund["charge"]]["amount_refunded"] -= refund["amount"]
        self.tell("refund.failed", refund)
        return refund

    def settle_refunds(self) -> None:
        """Let the banks answer: pending refunds succeed, and refunds that they reject fail."""
        with self.lock:
            for refund in self.every("refund"):
                card = self.behaviour_of(self.things[refund["payment_intent"]]["payment_method"])
                if card.refund_returns and refund["status"] == "succeeded":
                    self.fail_refund(refund["id"])
                elif refund["status"] == "pending":
                    refund["status"] = "succeeded"
                    self.tell("refund.updated", refund)

    def create_transfer(self, params: Thing) -> Thing:
        account = self.find("account", params.get("destination"))
        if account["capabilities"]["transfers"] != "active" or account.get("disconnected"):
            raise invalid("The destination can't take transfers.", code="insufficient_capabilities_for_transfer")
        amount = amount_in(params)
        source, currency, funds = params.get("source_transaction"), str(params.get("currency")), None
        if source is not None:
            self._require_room(source, amount)
            funds = self._funds_of(self.find("charge", source))
        elif amount > self.available(currency):
            raise invalid("You have insufficient funds in your Stripe account.", code="balance_insufficient")
        transfer = self.add(
            "tr", amount=amount, amount_reversed=0, currency=currency, destination=account["id"],
            metadata=params.get("metadata", {}), transfer_group=params.get("transfer_group"),
            source_transaction=source, reversed=False,
        )  # fmt: skip
        moved = self.move("transfer", -amount, currency, source=transfer["id"], available_on=funds)
        transfer["balance_transaction"] = moved["id"]
        self.tell("transfer.created", transfer)
        return transfer

    def _funds_of(self, charge: Thing) -> int:
        """When what is drawn from a charge's money is taken: a transfer or refund waits for it, as the charge does."""
        moved = self.things[charge["balance_transaction"]]
        return max(int(self.clock()), int(moved["available_on"]))

    def _require_room(self, charge_id: object, amount: int) -> None:
        """Check that a charge's transfers stay within its amount (docs.stripe.com/connect/charges-transfers)."""
        charge = self.find("charge", charge_id)
        made = sum(one["amount"] for one in self.every("transfer") if one["source_transaction"] == charge["id"])
        if not charge["captured"] or made + amount > charge["amount_captured"]:
            raise invalid("The sum of this charge's transfers is greater than its amount.", code="transfer_too_large")

    def reverse_transfer(self, id: str, params: Thing) -> Thing:
        transfer = self.find("transfer", id)
        amount = amount_in(params)
        if amount > transfer["amount"] - transfer["amount_reversed"]:
            raise invalid("The reversal is greater than what is left of the transfer.")
        if amount > self.balance_of(transfer["destination"], transfer["currency"]):
            raise invalid("Insufficient funds in the connected account to reverse.", code="balance_insufficient")
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        reversal = self.add(
            "trr", amount=amount, currency=transfer["currency"], transfer=transfer["id"],
            metadata=params.get("metadata", {}),
        )  # fmt: skip
        funds = max(int(self.clock()), int(self.things[transfer["balance_transaction"]]["available_on"]))
        moved = self.move("transfer_refund", amount, transfer["currency"], source=reversal["id"], available_on=funds)
        reversal["balance_transaction"] = moved["id"]
        self.tell("transfer.reversed", transfer)
        return reversal

    def balance_of(self, account_id: str, currency: str = "usd") -> int:
        """The part of its transfers in a currency that a connected account has left after payouts to its bank."""
        of_currency = [
            one for kind in ("transfer", "payout") for one in self.every(kind) if one["currency"] == currency
        ]
        sent = [one for one in of_currency if one.get("destination") == account_id]
        banked = [one for one in of_currency if one.get("account") == account_id and one["status"] == "paid"]
        return int(sum(one["amount"] - one["amount_reversed"] for one in sent) - sum(one["amount"] for one in banked))
