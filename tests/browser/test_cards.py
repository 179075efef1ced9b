"""Paying by card, at a browser: a program of its own, with the stand-in for the provider."""

import re
from collections.abc import Callable, Iterator

import pytest

from testbed.processes import free_port, wait_until
from testbed.stack import Stack, running_stack
from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Visit

pytestmark = pytest.mark.browser

ASKS = "4000 0027 6000 3184"
DECLINED = "4000 0000 0000 0002"


@pytest.fixture(scope="module")
def stack(django_db_setup: None) -> Iterator[Stack]:
    """The whole program, charging cards."""
    address = f"http://127.0.0.1:{free_port()}"
    with running_stack(PAYMENTS="demo", STRIPE_API_BASE=address, OFFER_TTL_S="60") as running:
        yield running
        running.manage("reconcile")
        running.manage("audit")


def save_card(user: Visit, number: str = "") -> None:
    user.page.wait_for_url(re.compile("/wallet"))
    if number:
        user.page.get_by_label("Card number").fill(number)
    user.press(re.compile("Save the card|Use this card"))


def press_for_a_cheer(user: Visit) -> None:
    """As `Visit.ask`, where something else may come than the live page."""
    user.go("/")
    user.page.locator("#map.near").click()
    user.see("Drag the pin to be exact.")
    user.press("Cheer me on")


def test_a_card_from_the_wallet_to_the_receipt(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner("Pia"))
    partner.go_online()
    user = visit(refusals=(409,)).sign_in(cast.user("Ada"))
    press_for_a_cheer(user)  # without a card it leads to the wallet
    save_card(user)
    user.page.wait_for_url(re.compile(r":\d+/$"))
    user.ask()
    partner.press("Accept")
    user.headline("Pia is on the way")
    partner.start(user)
    partner.press("End this cheer")
    partner.press("End it")
    user.headline("All done!")
    user.page.get_by_role("link", name="See the receipt").click()
    # A receipt is no live page: it shows how the payment stood when it was asked for.
    wait_until(
        lambda: user.page.reload() and user.page.get_by_text("Paid", exact=True).is_visible(), 30, "the card is charged"
    )
    user.see("Charged to Visa ending in 4242.")
    user.go("/wallet")
    user.see("Visa ending in 4242")


def test_a_declined_card(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit(refusals=(402,)).sign_in(cast.user())
    user.go("/wallet")
    save_card(user, DECLINED)
    user.see("Your card was declined.")
    user.go("/wallet")
    user.see("No card yet.")


def test_a_card_that_needs_its_holder(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner("Quin"))
    partner.go_online()
    user = visit(refusals=(409,)).sign_in(cast.user("Grace"))
    user.go("/wallet")
    save_card(user, ASKS)
    user.press("Yes, go on")
    user.see("Visa ending in 3184")
    press_for_a_cheer(user)
    user.headline("Your bank wants to know that it's you")
    user.press("Confirm with your bank")
    user.press("Yes, go on")
    partner.headline("Someone needs a cheer")
    user.headline("Asking someone near you")
    partner.press("Accept")
    user.headline("Quin is on the way")


def test_a_partner_sets_up_payouts_by_hand(cast: Cast, visit: Callable[..., Visit]) -> None:
    rosa = cast.partner("Rosa")
    partner = visit(refusals=(403,)).sign_in(rosa)
    partner.go("/partner/statement")
    partner.press("Set up payouts")
    partner.page.wait_for_url(re.compile("/account/reauthenticate/"))  # where the money goes asks once more who it is
    partner.page.get_by_label("Password").fill(rosa.password)
    partner.press("Confirm")
    partner.page.wait_for_url(re.compile("/partner/statement"))
    partner.press("Set up payouts")
    partner.page.wait_for_url(re.compile("/onboarding/acct_"))
    partner.press("Hand in: Stripe still reviews the details")
    partner.page.wait_for_url(re.compile("/partner/statement"))
    partner.see("The payment provider looks at what you have sent.")
    partner.press("Set up payouts")
    partner.press("Finish: payouts are possible")
    partner.page.wait_for_url(re.compile("/partner/statement"))
    # The page shows how the account stood when it was asked for.
    ready = partner.page.get_by_text("Your share of each cheer is paid to your account")
    wait_until(
        lambda: partner.page.reload() and ready.is_visible(), 30, "the provider says that transfers are possible"
    )
