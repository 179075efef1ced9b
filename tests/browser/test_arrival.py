"""The partner arrives: what both are told, what the user answers, and who may end what follows."""

from collections.abc import Callable, Iterator

import pytest

from testbed.stack import Stack
from tests.browser.people import Cast
from tests.browser.screens import Visit, in_shell, meet

pytestmark = pytest.mark.browser


@pytest.fixture
def short_wait(stack: Stack) -> Iterator[None]:
    """The wait for a user who is not there is over from the start."""
    region = "from regions.models import Region; Region.objects.update"
    in_shell(stack, f"{region}(no_show_wait_s=0)")
    yield
    in_shell(stack, f"{region}(no_show_wait_s=300)")


def test_they_meet_and_the_user_ends_it(cast: Cast, visit: Callable[..., Visit]) -> None:
    user, partner = meet(cast, visit)
    user.see("Pia says that they are at the pin. Are you there, too?")
    partner.see("If nobody comes, you can report it in")
    for one in (user, partner):
        one.sound()
    user.press("I am here")
    user.see("We have told Pia that you are there.")
    partner.see("Your user says that they are there.")
    partner.press("I'm here: start the clock")
    user.headline("You are being cheered")
    user.sound()
    user.press("End the session")
    user.see("so far: that is $10.00.")
    user.accessible()
    user.press("End it")
    user.headline("That was your cheer")
    partner.see("Well cheered! That session made $10.00.")


def test_nobody_is_there(cast: Cast, visit: Callable[..., Visit]) -> None:
    user, partner = meet(cast, visit)
    user.press("Nobody is here")
    user.see("Your partner can't charge you for a wait")
    user.accessible()
    user.page.locator("#nobody-confirm").click()
    user.headline("Pia is on the way")
    user.see("You have said that nobody is there.")
    partner.see("Your user says that nobody is there.")
    partner.start(user)
    user.headline("You are being cheered")


def test_the_clock_of_a_partner_who_is_not_there(cast: Cast, visit: Callable[..., Visit]) -> None:
    user, partner = meet(cast, visit)
    partner.press("I'm here: start the clock")
    user.headline("You are being cheered")
    user.press("Nobody is here")
    user.see("The session ends, and you are not charged before our staff have looked at it.")
    user.page.locator("#nobody-confirm").click()
    user.headline("That was your cheer")
    user.see("You are not charged before our staff have looked at it.")
    partner.headline("You are online")


@pytest.mark.usefixtures("short_wait")
def test_the_user_does_not_come(cast: Cast, visit: Callable[..., Visit]) -> None:
    user, partner = meet(cast, visit)
    partner.see("You have waited long enough.")
    partner.press("Nobody is here")
    partner.accessible()
    partner.press("Report it")
    partner.see("This ride was called off.")
    user.headline("Called off")
    user.see("Your partner was there and did not find you.")
    user.see("A fee of $10.00 applies")
