"""The balance of the account: what each movement adds or takes, fees, and payouts to the account's own bank.

Every movement is a balance transaction (docs.stripe.com/api/balance_transactions/object); the balance is the sum of
their net amounts, and what is available the sum of those whose time has come (docs.stripe.com/payments/balances).
"""

from typing import Any

from fake_stripe.errors import invalid
from fake_stripe.things import Thing, Things

DAY_S = 24 * 3600
FUNDS_S = 2 * DAY_S  # after which a charge's money is available (docs.stripe.com/payouts#standard-payout-timing)
FEE_PER_MILLE, FEE_FIXED = 29, 30  # of a card's charge in minor units (stripe.com/pricing)
# The type of a movement that the reports name otherwise (docs.stripe.com/reports/reporting-categories).
CATEGORIES = {"transfer_refund": "transfer_reversal", "payout_failure": "payout_reversal", "stripe_fee": "fee"}


class Balance(Things):
    """The movements of the account's money."""

    def move(
        self,
        type: str,
        amount: int,
        currency: str,
        *,
        source: str | None,
        fee: int = 0,
        category: str = "",
        available_on: int | None = None,
    ) -> Thing:
        """Add a movement; `type` is one of docs.stripe.com/reports/balance-transaction-types."""
        now = int(self.clock())
        details = {"amount": fee, "currency": currency, "description": "Stripe processing fees", "type": "stripe_fee"}
        return self.add(
            "txn", amount=amount, currency=currency, fee=fee, fee_details=[details] if fee else [], net=amount - fee,
            source=source, status="pending", type=type, reporting_category=category or CATEGORIES.get(type, type),
            available_on=now if available_on is None else available_on, description=None, exchange_rate=None,
        )  # fmt: skip

    def fee_of(self, amount: int) -> int:
        """The fee of a charge of this amount, which is withheld from it and not returned with a refund."""
        return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED

    def charge_fee(self, amount: int, currency: str = "usd") -> Thing:
        """Charge the account a fee of its own, for a subscription to one of Stripe's products for example."""
        return self.move("stripe_fee", -amount, currency, source=None)

    def balance(self, currency: str = "") -> int:
        """The account's balance in minor units, of one currency or of all."""
        return sum(int(one["net"]) for one in self._moves(currency))

    def before_fees(self) -> int:
        """The balance as it were without the fees of charges."""
        charges = (one for one in self._moves() if one["type"] == "charge")
        return self.balance() + sum(int(one["fee"]) for one in charges)

    def available(self, currency: str = "") -> int:
        """The part of the balance that transfers without a source, and payouts, may take."""
        return sum(int(one["net"]) for one in self._moves(currency) if one["available_on"] <= self.clock())

    def status_of(self, move: Thing) -> str:
        """Whether a movement's money is available by now."""
        return "available" if move["available_on"] <= self.clock() else "pending"

    # ------------------------------------------------------------ payouts to the account's bank

    def pay_out(self, currency: str = "usd", *, amount: int | None = None) -> Thing | None:
        """Pay the available balance to the bank, or an amount of it by hand; None if there is nothing to pay.

        Only an automatic payout knows which movements it consists of (docs.stripe.com/payouts/reconciliation).
        """
        lines = [one for one in self._moves(currency) if self._is_open(one)]
        most = self.available(currency)
        automatic = amount is None
        paid = sum(int(one["net"]) for one in lines) if amount is None else amount
        if automatic and paid <= 0:
            return None
        if paid > most:
            raise invalid("You have insufficient funds in your Stripe account.", code="balance_insufficient")
        payout = self.add(
            "po", amount=paid, currency=currency, account=None, status="in_transit", automatic=automatic,
            arrival_date=int(self.clock()) + DAY_S, failure_code=None, failure_balance_transaction=None, metadata={},
            reconciliation_status="completed" if automatic else "not_applicable",
        )  # fmt: skip
        own = self.move("payout", -paid, currency, source=payout["id"])
        payout["balance_transaction"] = own["id"]
        # A payout by hand takes no movements with it, but its own is never a line of an automatic one.
        for line in [*(lines if automatic else []), own]:
            self.paid_out[line["id"]] = payout["id"]
        self.tell("payout.created", payout)
        return payout

    def end_payout(self, id: str, *, failure: str = "") -> Thing:
        """Let a payout arrive, or the bank return it: its money is added to the balance again.

        docs.stripe.com/api/payouts/failures has the codes. A failed payout's movements are not paid out again; the
        movement that returns it is a line of the next one.
        """
        payout = self.find("payout", id)
        if failure:
            back = self.move("payout_failure", payout["amount"], payout["currency"], source=payout["id"])
            payout.update(status="failed", failure_code=failure, failure_balance_transaction=back["id"])
        else:
            payout["status"] = "paid"
        self.tell(f"payout.{payout['status']}", payout)
        return payout

    def pay_out_daily(self) -> None:
        """Pay out each currency once a day, and let what was sent a day ago arrive (docs.stripe.com/payouts)."""
        with self.lock:
            own = [one for one in self.every("payout") if one["account"] is None]
            for payout in own:
                if payout["status"] == "in_transit" and payout["arrival_date"] <= self.clock():
                    self.end_payout(payout["id"])
            for currency in {str(one["currency"]) for one in self._moves()}:
                made = [one["created"] for one in own if one["currency"] == currency]
                if max(made, default=0) + DAY_S <= self.clock():
                    self.pay_out(currency)
            self.save()

    def lines_of(self, payout_id: str) -> list[Thing]:
        """The movements that a payout consists of, its own among them, newest first."""
        return [one for one in self._moves() if self.paid_out.get(one["id"]) == payout_id]

    def _is_open(self, move: Thing) -> bool:
        return self.status_of(move) == "available" and move["id"] not in self.paid_out

    def _moves(self, currency: str = "") -> list[Thing]:
        found: list[Any] = self.every("balance_transaction")
        return [one for one in found if not currency or one["currency"] == currency]
