"""The journeys of which tests/browser/album.py takes pictures."""

from collections.abc import Callable
from typing import Any

from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Visit, in_shell
from tests.stack import Stack

Open = Callable[..., Visit]


def visitors(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """Who is not signed in."""
    one = visit()
    for name, path in [("landing", "/"), ("sign-in", "/account/login/"), ("sign-up", "/account/signup/")]:
        one.go(path)
        album.take(one, name)
    one.close()


def a_cheer(album: Any, cast: Cast, visit: Open, stack: Stack) -> None:
    """From the request screen to the receipt, on both sides."""
    in_shell(stack, "from regions.models import Region; Region.objects.update(pin_required=True)")
    ada = cast.user("Ada")
    user = visit().sign_in(ada)
    user.go("/")
    user.page.locator("#map.near").wait_for()
    album.take(user, "request")
    user.ask("Birthday", note="Blue door, ring twice")
    user.headline("Still looking")
    album.take(user, "cheer-looking")
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner("Pia"))
    partner.go("/partner")
    partner.live()
    album.take(partner, "partner-offline")
    partner.go_online()
    partner.headline("Somebody needs a cheer")
    album.take(partner, "partner-offer")
    user.headline("Asking somebody near you")
    album.take(user, "cheer-offered")
    partner.press("Accept")
    partner.headline("Ada is waiting for you")
    album.take(partner, "partner-on-the-way")
    user.headline("Pia is on the way")
    album.take(user, "cheer-on-the-way")
    user.press("Cancel this request")
    album.take(user, "cheer-cancel")
    user.press("Keep waiting")
    partner.page.get_by_label("The PIN that your user tells you").fill(user.page.locator("#pin").inner_text())
    partner.press("I'm here: start the clock")
    partner.headline("Cheer for Ada!")
    album.take(partner, "partner-running")
    user.headline("You are being cheered")
    album.take(user, "cheer-running")
    partner.press("End the session")
    partner.press("End it")
    partner.see("Well cheered!")
    album.take(partner, "partner-served")
    user.headline("That was your cheer")
    album.take(user, "cheer-done")
    user.page.get_by_role("link", name="See the receipt").click()
    user.headline("Receipt")
    album.take(user, "receipt")
    user.go("/history")
    album.take(user, "history")
    for one in (user, partner):
        one.close()


WALKS = [visitors, a_cheer]
