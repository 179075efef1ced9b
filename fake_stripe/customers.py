"""Customers and the cards that they save."""

import secrets

from fake_stripe import cards
from fake_stripe.balance import Balance
from fake_stripe.errors import declined, invalid
from fake_stripe.things import Thing


class Customers(Balance):
    """Customers and their cards. Card numbers are stored here and never returned."""

    def create_customer(self, params: Thing) -> Thing:
        return self.add("cus", metadata=params.get("metadata", {}))

    def delete_customer(self, id: str, params: Thing) -> Thing:
        """Delete a customer and detach their cards. Intents and charges keep its id, as with Stripe."""
        customer = self.find("customer", id)
        for card in self.every("payment_method"):
            if card["customer"] == id:
                card["customer"] = None
        customer["metadata"], customer["deleted"] = {}, True
        self.tell("customer.deleted", customer)
        return {"id": id, "object": "customer", "deleted": True}

    def create_setup_intent(self, params: Thing) -> Thing:
        customer = self.find("customer", params.get("customer"))
        setup = self.add(
            "seti", customer=customer["id"], metadata=params.get("metadata", {}), usage=params.get("usage"),
            status="requires_payment_method", payment_method=None, last_setup_error=None, next_action=None,
        )  # fmt: skip
        setup["client_secret"] = f"{setup['id']}_secret_{secrets.token_hex(8)}"
        return setup

    def new_card(self, params: Thing) -> str:
        """Return the id of the payment method that the parameters name, or create the one that they describe."""
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
        """Save a card, as the card page does; if the card requires it, its holder must confirm first."""
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

    def cancel_setup_intent(self, id: str, params: Thing) -> Thing:
        """Close a setup; no card can be given to it any more."""
        setup = self.find("setup_intent", id)
        if setup["status"] in ("succeeded", "canceled"):
            raise invalid("This SetupIntent is over.", code="setup_intent_unexpected_state")
        setup.update(status="canceled", next_action=None)
        return setup

    def answer_setup_intent(self, id: str, *, agrees: bool) -> Thing:
        """Apply the cardholder's answer to the confirmation."""
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
        """Detach a card from its customer; it can't be charged any more."""
        card = self.find("payment_method", id)
        if card["customer"] is None:
            raise invalid("The payment method is not attached to a customer.")
        card["customer"] = None
        return card

    def behaviour_of(self, payment_method: object) -> cards.Behaviour:
        """The behaviour of the card behind a payment method."""
        return cards.behaviour(self.numbers.get(str(payment_method), ""))
