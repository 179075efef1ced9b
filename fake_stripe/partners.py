"""Connected accounts, as Stripe Connect has them: onboarding, capabilities, restrictions, payouts to banks."""

from html import escape
from urllib.parse import quote

from fake_stripe.customers import Customers
from fake_stripe.errors import Refusal
from fake_stripe.things import Thing

LINK_LIFE_S = 300  # docs.stripe.com/api/account_links/object: a link expires a few minutes after it was made
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stand-in for Stripe</title><link rel="icon" href="data:,">
<style>body{{font:18px system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.6rem 1rem;margin:.3rem 0;width:100%}}</style>
<h1>Payouts</h1><p>This is the stand-in for Stripe's own form. No details are asked for.</p>
<form method="post"><button name="then" value="finish">Finish: payouts are possible</button>
<button name="then" value="review">Hand in: Stripe still reviews the details</button>
<button name="then" value="leave">Leave the form unfinished</button></form><p>Account {account}</p></html>"""


class Partners(Customers):
    """Connected accounts. Events about them name the account, and go to the endpoint for connected accounts.

    docs.stripe.com/connect/webhooks has the two kinds of endpoints and which events each gets.
    """

    pages = ""  # the address of the stand-in's own pages; the server sets it

    def create_account(self, params: Thing) -> Thing:
        """Create an account that can't take transfers yet (docs.stripe.com/connect/account-capabilities)."""
        return self.add(
            "acct", type=params.get("type"), metadata=params.get("metadata", {}), payouts_enabled=False,
            details_submitted=False, capabilities={"transfers": "inactive"},
            requirements={"disabled_reason": "requirements.past_due", "currently_due": ["external_account"]},
            external_accounts={"object": "list", "data": [], "has_more": False},
        )  # fmt: skip

    def retrieve_account(self, id: str, params: Thing) -> Thing:
        """Return an account. One that has disconnected can't be read (docs.stripe.com/error-codes#account-invalid)."""
        account = self.find("account", id)
        if account.get("disconnected"):
            message = f"The provided key does not have access to account '{id}' (or that account does not exist)."
            raise Refusal(403, "invalid_request_error", message, code="account_invalid", keep=False)
        return account

    def create_account_link(self, params: Thing) -> Thing:
        account = self.retrieve_account(str(params.get("account")), {})
        back = quote(str(params.get("return_url", "")), safe="")
        address = f"{self.pages}/onboarding/{account['id']}?back={back}"
        made = int(self.clock())
        return {"object": "account_link", "created": made, "expires_at": made + LINK_LIFE_S, "url": address}

    def onboarding_page(self, id: str) -> str:
        """Return the form that stands for Stripe's own, for trying payouts by hand."""
        return PAGE.format(account=escape(str(self.find("account", id)["id"])))

    def leave_onboarding(self, id: str, then: str) -> None:
        """Apply what was chosen in the form."""
        if then == "finish":
            self.finish_onboarding(id)
        elif then == "review":
            self.review_account(id)

    def finish_onboarding(self, id: str) -> Thing:
        """Make an account able to take transfers, as if the partner had completed Stripe's form."""
        account = self.find("account", id)
        account.update(payouts_enabled=True, details_submitted=True, capabilities={"transfers": "active"})
        account["requirements"] = {"disabled_reason": None, "currently_due": []}
        return self._told(account)

    def review_account(self, id: str) -> Thing:
        """Keep an account waiting although payouts are possible: the capability counts, not `payouts_enabled`."""
        account = self.find("account", id)
        account.update(payouts_enabled=True, details_submitted=True, capabilities={"transfers": "pending"})
        account["requirements"] = {"disabled_reason": "requirements.pending_verification", "currently_due": []}
        return self._told(account)

    def restrict_account(self, id: str, reason: str = "rejected.fraud") -> Thing:
        """Take an account's capability away (docs.stripe.com/connect/handling-api-verification)."""
        account = self.find("account", id)
        account.update(payouts_enabled=False, capabilities={"transfers": "inactive"})
        account["requirements"] = {"disabled_reason": reason, "currently_due": []}
        return self._told(account)

    def disconnect_account(self, id: str) -> None:
        """Cut an account off from the platform; the event is about an application, and names the account."""
        account = self.find("account", id)
        account["disconnected"] = True
        self.tell("account.application.deauthorized", {"id": "ca_1", "object": "application"}, account=id)

    def pay_out_to_bank(self, id: str, amount: int, currency: str = "usd", *, failure: str = "") -> Thing:
        """Pay an account's balance to its bank, which may return it (docs.stripe.com/api/payouts/failures)."""
        account = self.find("account", id)
        payout = self.add(
            "po", amount=amount, currency=currency, account=account["id"], status="failed" if failure else "paid",
            failure_code=failure or None,
        )  # fmt: skip
        self.tell(f"payout.{payout['status']}", payout, account=id)
        return payout

    def _told(self, account: Thing) -> Thing:
        self.tell("account.updated", account, account=account["id"])
        return account
