"""A cheer from the click on the map to the receipt, two people on two phones."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.people import Cast
from tests.browser.screens import DESKTOP, TIMES_SQUARE, Visit

pytestmark = pytest.mark.browser


def test_from_the_map_to_the_receipt(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner("Pia"))
    partner.go_online()
    user = visit().sign_in(cast.user("Ada"))
    user.ask("Birthday", note="Blue door")

    partner.headline("Someone needs a cheer")
    partner.see("Birthday")
    partner.see("Blue door")
    partner.see("$8 / 5 min")  # their share of it
    user.headline("Asking someone near you")

    partner.slide_to_accept()
    partner.headline("Ada is waiting for you")
    expect(partner.page.get_by_role("link", name="Directions")).to_have_attribute(
        "href", re.compile(r"destination=40\.\d+,-7[34]\.\d+$")
    )
    user.headline("Pia is on the way")
    user.see("Cheerleader, new here")
    user.press("Share")
    friend = visit()
    friend.go(user.page.get_by_label("Your link").input_value())
    friend.headline("Pia is on the way to Ada")
    friend.sound()
    user.accessible()
    user.press("Close")
    before = user.page.locator("#distance").inner_text()
    partner.move_to(40.7598, -73.9855)
    expect(user.page.locator("#distance")).not_to_have_text(before)
    expect(user.page.locator("#eta")).to_have_text(re.compile(r"^\d+ min$"))

    partner.start(user)
    partner.headline("Cheer for Ada!")
    user.headline("You're being cheered on")
    for one in (partner, user):
        expect(one.page.locator("#fare")).to_have_text("$10.00")
        expect(one.page.locator("#clock")).to_have_text(re.compile(r"0:0[1-9]"))

    partner.press("End this cheer")
    partner.see(re.compile(r"0:\d\d so far: that is \$10\.00"))
    partner.press("End it")
    partner.see("Nice work! The fare was $10.00.")
    expect(partner.page.locator(".sums dd").first).to_have_text("$8.00")  # their share of it

    user.headline("All done!")
    friend.headline("Ada has been cheered")
    user.see("How was Pia?")
    user.page.get_by_role("radio", name="4 of 5").check(force=True)  # the stars cover their radio buttons
    user.press("Send the rating")
    user.see(re.compile(r"You rated .+ 4 out of 5\."))
    user.page.get_by_role("radio", name="Other").check(force=True)
    user.page.get_by_label("Your amount").fill("2.50")
    user.press("Give the tip")
    user.see("Your $2.50 tip is on its way to")
    expect(user.page.locator("#total")).to_have_text("$12.50")

    user.page.get_by_role("link", name="See the receipt").click()
    user.headline("Invoice")
    user.see("Cheering, 1 × 5 minutes")
    expect(user.page.locator(".receipt-total")).to_have_text("$12.50")
    user.go("/history")
    user.see("Completed")


def test_on_a_large_screen_in_the_dark(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE, viewport=DESKTOP, dark=True).sign_in(cast.partner())
    partner.go_online()
    user = visit(viewport=DESKTOP, dark=True).sign_in(cast.user())
    user.go("/")
    user.sound()
    user.ask()
    partner.headline("Someone needs a cheer")
    partner.sound()
    partner.press("Accept")
    user.headline("Pia is on the way")
    for one in (user, partner):
        one.sound()
    partner.start(user)
    user.headline("You're being cheered on")
    for one in (user, partner):
        one.sound()
    partner.press("End this cheer")
    partner.accessible()
    partner.press("End it")
    user.headline("All done!")
    partner.see("Nice work!")
    for one in (user, partner):
        one.sound()


def test_the_user_reloads_at_each_state(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit().sign_in(cast.user())

    def reload(headline: str) -> None:
        user.headline(headline)
        user.page.reload()
        user.headline(headline)
        user.live()
        user.headline(headline)

    user.ask()
    reload("Still looking")
    user.go("/")  # the request screen leads back to what is open
    user.headline("Still looking")
    partner.go_online()
    reload("Asking someone near you")
    partner.press("Accept")
    reload("Pia is on the way")
    expect(user.page.locator("#eta")).to_have_text(re.compile("min|any moment"))
    partner.start(user)
    reload("You're being cheered on")
    expect(user.page.locator("#fare")).to_have_text("$10.00")
    partner.press("End this cheer")
    partner.press("End it")
    reload("All done!")
    expect(user.page.locator("#total")).to_have_text("$10.00")
    user.page.get_by_role("radio", name="5 of 5").check(force=True)
    user.press("Send the rating")
    user.see(re.compile(r"You rated .+ 5 out of 5\."))
    user.page.reload()
    user.see(re.compile(r"You rated .+ 5 out of 5\."))


def test_the_partner_reloads_at_each_state(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit().sign_in(cast.user())
    partner.go_online()

    def reload(headline: str) -> None:
        partner.headline(headline)
        partner.page.reload()
        partner.headline(headline)
        partner.live()
        partner.headline(headline)

    reload("You are online")
    user.ask(note="Blue door")
    reload("Someone needs a cheer")
    partner.see("Blue door")
    partner.press("Accept")
    reload("Ada is waiting for you")
    partner.see("Blue door")
    partner.start(user)
    reload("Cheer for Ada!")
    expect(partner.page.locator("#fare")).to_have_text("$10.00")
    partner.press("End this cheer")
    partner.press("End it")
    reload("You are online")
    partner.page.get_by_role("switch").click()
    reload("Hello, Pia")
