"""What does not go straight: declining, cancelling, calling off, nobody coming, a wrong PIN."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from testbed.stack import Stack
from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Visit, agree, in_shell

pytestmark = pytest.mark.browser
NEARBY = {"latitude": 40.7490, "longitude": -73.9850}
FARTHER = {"latitude": 40.7700, "longitude": -73.9700}


@pytest.fixture
def strict_region(stack: Stack) -> Iterator[None]:
    """A PIN is asked for."""
    region = "from regions.models import Region; Region.objects.update"
    in_shell(stack, f"{region}(start_guard='pin')")
    yield
    in_shell(stack, f"{region}(start_guard='arrival_or_pin')")


def test_a_declined_offer_goes_to_the_next(cast: Cast, visit: Callable[..., Visit]) -> None:
    near = visit(at=NEARBY).sign_in(cast.partner("Nia"))
    far = visit(at=FARTHER).sign_in(cast.partner("Fay"))
    near.go_online()
    far.go_online()
    user = visit().sign_in(cast.user())
    user.ask()
    near.headline("Someone needs a cheer")
    far.headline("You are online")
    near.press("Decline")
    near.headline("You are online")
    far.headline("Someone needs a cheer")
    far.press("Accept")
    user.headline("Fay is on the way")


def test_a_partner_calls_off_and_another_comes(cast: Cast, visit: Callable[..., Visit]) -> None:
    near = visit(at=NEARBY).sign_in(cast.partner("Nia"))
    near.go_online()
    user = visit().sign_in(cast.user())
    user.ask()
    near.press("Accept")
    user.headline("Nia is on the way")
    near.press("I can't make it")
    near.page.get_by_label("Why?").select_option(label="Trouble with transport")
    near.press("Cancel it")
    near.headline("You are online")
    user.see("Your partner couldn't make it. We're finding you someone else, at no cost.")
    expect(user.page.locator("#partner-name")).to_be_hidden()
    far = visit(at=FARTHER).sign_in(cast.partner("Fay"))
    far.go_online()
    far.press("Accept")
    user.headline("Fay is on the way")


def test_cancelling_while_we_look_is_free(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit().sign_in(cast.user())
    user.ask()
    user.press("Cancel this request")
    user.see("Nobody has accepted yet, so cancelling is free.")
    user.sound()
    user.press("Keep waiting")
    user.headline("Still looking")
    user.press("Cancel this request")
    user.press("Cancel it, free of charge")
    user.headline("Cancelled")
    user.see("You pay nothing.")
    user.sound()


def test_cancelling_within_the_grace_says_how_long_it_is_free(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=NEARBY).sign_in(cast.partner())
    partner.go_online()
    user = visit().sign_in(cast.user())
    user.ask()
    partner.press("Accept")
    user.headline("Pia is on the way")
    user.press("Cancel this request")
    user.see(re.compile(r"Cancelling is free for another 1:[0-5]\d\. After that it costs \$5\.00\."))
    user.press("Cancel it, free of charge")
    user.headline("Cancelled")
    user.see("You pay nothing.")
    partner.see("This cheer was cancelled.")
    partner.headline("You are online")


def test_a_late_cancellation_shows_its_fee_first(stack: Stack, cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=NEARBY).sign_in(cast.partner())
    partner.go_online()
    user = visit().sign_in(cast.user())
    user.ask()
    partner.press("Accept")
    user.headline("Pia is on the way")
    agree(stack, cancellation_grace_s=0)
    user.press("Cancel this request")
    user.see("cancelling now costs $5.00.")
    user.press("Cancel it and pay $5.00")
    user.headline("Cancelled")
    user.see("A cancellation fee of $5.00 applies")
    user.page.reload()
    user.see("A cancellation fee of $5.00 applies")
    user.page.get_by_role("link", name="See the receipt").click()
    user.see("Cancellation fee")


@pytest.mark.usefixtures("strict_region")
def test_the_pin_opens_the_session(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=NEARBY, refusals=(403,)).sign_in(cast.partner())
    partner.go_online()
    user = visit().sign_in(cast.user())
    user.ask()
    partner.press("Accept")
    pin = user.page.locator("#pin")
    expect(pin).to_have_text(re.compile(r"^\d{4}$"))
    right = pin.inner_text()
    field = partner.page.get_by_label("The PIN that your user tells you")
    field.fill("0000" if right != "0000" else "1111")
    partner.press("I'm here: start the clock")
    partner.see("This is not the PIN that the user was shown.")
    field.fill(right)
    partner.press("I'm here: start the clock")
    partner.headline("Cheer for Ada!")
    user.headline("You're being cheered on")


def test_nobody_comes_and_the_user_tries_again(stack: Stack, cast: Cast, visit: Callable[..., Visit]) -> None:
    ada = cast.user()
    user = visit().sign_in(ada)
    user.ask("Game day", note="Row 7")
    request_id = cast.request_of(ada)["requestId"]
    in_shell(
        stack,
        "from django.utils.timezone import now; from requests_app.models import CheerRequest;"
        f"CheerRequest.objects.filter(pk='{request_id}').update(give_up_at=now(), next_attempt_at=now())",
    )
    user.headline("We found nobody this time")
    user.see("No partner was free near you")
    user.sound()
    user.page.get_by_role("link", name="Try again").click()
    expect(user.page.get_by_role("radio", name="Game day")).to_be_checked()
    expect(user.page.get_by_label("Anything they should know?")).to_have_value("Row 7")
    user.press("Cheer me on")
    user.headline("Still looking")


def test_an_offer_withdrawn_in_the_partners_hands(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    partner.go_online()
    user = visit().sign_in(cast.user())
    user.ask()
    partner.headline("Someone needs a cheer")
    user.press("Cancel this request")
    user.press("Cancel it, free of charge")
    partner.see("They cancelled.")
    partner.headline("You are online")
