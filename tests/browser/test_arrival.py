"""The partner arrives: what both are told, what the user answers, and who may end what follows."""

from collections.abc import Callable

import pytest

from testbed.stack import Stack
from tests.browser.people import Cast
from tests.browser.screens import Visit, agree, meet

pytestmark = pytest.mark.browser


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
    user.headline("You're being cheered on")
    user.sound()
    user.press("End this cheer")
    user.see("so far: that is $10.00.")
    user.accessible()
    user.press("End it")
    user.headline("All done!")
    partner.see("Nice work! The fare was $10.00.")


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
    user.headline("You're being cheered on")


def test_the_clock_of_a_partner_who_is_not_there(cast: Cast, visit: Callable[..., Visit]) -> None:
    user, partner = meet(cast, visit)
    partner.press("I'm here: start the clock")
    user.headline("You're being cheered on")
    user.press("Nobody is here")
    user.see("The cheer ends, and you are not charged before our staff have looked at it.")
    user.page.locator("#nobody-confirm").click()
    user.headline("All done!")
    user.see("You are not charged before our staff have looked at it.")
    partner.headline("You are online")


def test_the_user_does_not_come(stack: Stack, cast: Cast, visit: Callable[..., Visit]) -> None:
    user, partner = meet(cast, visit, once_asked=lambda: agree(stack, no_show_wait_s=0))
    partner.see("You have waited long enough.")
    partner.press("Nobody is here")
    partner.accessible()
    partner.press("Report it")
    partner.see("This cheer was cancelled.")
    user.headline("Cancelled")
    user.see("Your partner was there and did not find you.")
    user.see("A fee of $10.00 applies")
