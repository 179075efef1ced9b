"""Other ways in: the keyboard, no location, a first sign-up, an application, the staff's page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.people import Cast, Person
from tests.browser.screens import DESKTOP, TIMES_SQUARE, Visit

pytestmark = pytest.mark.browser


def test_a_request_by_keyboard_alone(cast: Cast, visit: Callable[..., Visit]) -> None:
    ada = cast.user()
    user = visit(viewport=DESKTOP).sign_in(ada)
    user.go("/")
    user.page.locator("#map.near").focus()
    user.page.keyboard.press("Enter")
    user.see("Drag the pin to be exact.")
    user.page.get_by_label("Search a place").fill("union")
    user.page.keyboard.press("ArrowDown")
    user.page.keyboard.press("Enter")
    user.see("At Union Square.")
    user.page.get_by_role("button", name="Your place").focus()
    user.page.keyboard.press("Shift+ArrowUp")
    user.page.get_by_role("radio", name="A good cheer").focus()
    user.page.keyboard.press("ArrowDown")
    user.page.keyboard.press("Tab")
    user.page.keyboard.type("By the fountain")
    user.button("Cheer me on").focus()
    user.page.keyboard.press("Enter")
    user.page.wait_for_url(re.compile("/cheer/"))
    user.see("Pep talk")
    # 100 metres north of where the list has the square.
    assert cast.request_of(ada)["location"]["lat"] == pytest.approx(40.7359 + 0.0009, abs=0.0001)  # type: ignore[index]


def test_a_place_found_saved_and_planned(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit(refusals=(400,)).sign_in(cast.user())
    user.go("/")
    field = user.page.get_by_label("Search a place")
    field.fill("51.5, -0.12")
    field.press("Enter")
    user.see("We don't serve this place yet.")
    field.fill("grand c")
    user.page.get_by_role("option", name="Grand Central").click()
    user.see("Drag the pin to be exact.")
    user.press("Save this place")
    user.page.get_by_label("What do you call it?").fill("Work")
    user.button("Save").last.click()
    user.see("At Work. Drag the pin to be exact.")
    user.page.reload()
    user.page.get_by_role("button", name="Work", exact=True).click()
    user.see("At Work. Drag the pin to be exact.")
    user.page.get_by_role("radio", name="Later").check()
    user.sound()
    user.press("Plan this cheer")
    user.see(re.compile(r"6:00\sPM"))
    user.page.reload()
    user.see(re.compile(r"6:00\sPM"))
    user.press("Cancel it")
    expect(user.page.locator("#planned")).to_be_hidden()
    user.press("Forget Work")
    expect(user.page.locator("#saved")).to_be_hidden()


def test_an_address_by_keyboard_and_no_results_in_words(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit(touch=True).sign_in(cast.user())
    user.go("/")
    field = user.page.get_by_role("combobox", name="Search a place")
    field.fill("zzzqq")
    user.see("No results. Tap the map for the exact spot.")
    user.sound()
    field.fill("350 5th ave")
    option = user.page.get_by_role("option", name="350 5th Avenue")
    expect(option).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    user.sound()
    field.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    user.see("At 350 5th Avenue. Drag the pin to be exact.")
    expect(option).to_be_hidden()


def test_a_place_that_we_do_not_serve_is_refused_in_words(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit(at={"latitude": 51.5072, "longitude": -0.1276}, refusals=(409,)).sign_in(cast.user())
    user.go("/")
    user.press("Cheer me on")
    user.see("Where are you? Tap the map, search, or use your location.")
    user.press("Use my location")
    user.see("We don't serve this place yet.")
    user.press("Cheer me on")
    expect(user.page.locator("#problem")).to_have_text("We don't serve this place yet. Please choose another one.")


def test_a_user_who_gives_no_location_is_told_why(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit().sign_in(cast.user())
    user.go("/")
    user.press("Use my location")
    user.see("Your browser does not let this page know where you are.")


def test_a_partner_without_location_taps_the_map(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit().sign_in(cast.partner())
    partner.go("/partner")
    partner.live()
    switch = partner.page.get_by_role("switch")
    switch.click()
    partner.see("We need to know where you are: allow your location, or tap the map.")
    partner.page.locator("#map.near").click()
    partner.see("We'll use this spot")
    switch.click()
    partner.headline("You are online")
    user = visit().sign_in(cast.user())
    user.ask()
    partner.headline("Someone needs a cheer")


def test_from_a_visitor_to_a_partner(cast: Cast, visit: Callable[..., Visit]) -> None:
    visitor = visit(at=TIMES_SQUARE)
    visitor.go("/")
    visitor.page.get_by_role("link", name="Earn by cheering").click()
    visitor.page.get_by_label("Name").fill("Zoe")
    email = f"zoe.{id(cast)}@browser.test"
    visitor.page.get_by_label("Email").fill(email)
    visitor.page.get_by_label("Password").fill("hip-hip-hooray-42")
    visitor.page.get_by_role("main").get_by_role("button", name="Sign up").click()
    visitor.headline("Cheer for a living")
    visitor.press("Apply")
    visitor.see("Please give us a phone number")
    visitor.page.get_by_label("Phone").fill("+1 212 555 0123")
    visitor.page.get_by_role("radio", name="Musician").check()
    visitor.press("Apply")
    visitor.see("We are reviewing your application.")
    cast.approve(Person("Zoe", email))
    visitor.headline("Hello, Zoe")  # by itself
    visitor.page.get_by_label("Account: Zoe").click()
    visitor.press("Sign out")
    visitor.headline("Someone shows up and cheers you on. Now.")


MARKS_ARE_DRAWN = """() => {
    const { width, height } = document.querySelector(".marks");
    const pen = document.querySelector(".marks").getContext("2d");
    return pen.getImageData(0, 0, width, height).data.some((part) => part > 100);
}"""


def test_the_page_of_staff_says_when_it_is_stale(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = visit(viewport=DESKTOP, refusals=(0,)).sign_in(cast.staff())
    staff.live()
    stale = staff.page.locator("#stale")
    expect(stale).to_be_hidden()
    staff.offline(True)
    expect(stale).to_contain_text("No news since")
    staff.accessible()
    staff.offline(False)
    staff.live()
    expect(stale).to_be_hidden()


def test_staff_watch_the_counts_live(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = visit(viewport=DESKTOP).sign_in(cast.staff())
    staff.headline("Right now")
    staff.live()
    looking = staff.page.locator('[data-count="requests.pending"] .tile-number')
    applications = staff.page.locator('[data-count="applications"]')
    before = int(looking.inner_text())
    waiting = int(applications.locator(".tile-number").inner_text())
    visit().sign_in(cast.user()).ask()
    expect(looking).to_have_text(str(before + 1))
    staff.see("The oldest request has been looking for")
    expect(staff.page.locator("#longest a").first).to_contain_text("looking for a partner; since")
    staff.page.wait_for_function(MARKS_ARE_DRAWN)
    expect(staff.page.locator('[data-line="requests"] .tile-number')).not_to_have_text("0")
    expect(staff.page.locator('[data-line="requests"] polyline')).to_have_attribute("points", re.compile(r",0 |,0$"))
    for part in ("database", "valkey", "sweep", "sockets"):
        expect(staff.page.locator(f'[data-part="{part}"]')).to_have_attribute("data-state", re.compile("ok|slow"))
    cast.applicant("Nora")
    expect(applications.locator(".tile-number")).to_have_text(str(waiting + 1))
    applications.click()
    staff.see("Nora")
