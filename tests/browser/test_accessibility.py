"""What axe says about the pages, in both themes, and what a keyboard can do on them."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.people import Cast
from tests.browser.screens import PHONE, Visit

pytestmark = pytest.mark.browser
AXE = Axe()
# `preload`: axe would fetch what a stylesheet imports, from a wrong address, and put it in as inline styles.
RULES = {"preload": False, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
VISITOR = [
    "/",
    "/help",
    "/terms",
    "/privacy",
    "/offline",
    "/account/login/",
    "/account/signup/",
    "/account/password/reset/",
]
USER = [
    "/account", "/account/profile", "/account/notifications", "/account/devices", "/account/data", "/account/email/",
    "/account/password/change/", "/account/2fa/", "/become-a-partner", "/account/logout/",
]  # fmt: skip


def check(one: Visit, path: str) -> None:
    """Open a page: it fits, and axe has nothing to say."""
    one.go(path)
    one.fits()
    found = AXE.run(one.page, options=RULES).response["violations"]
    problems = [f"{rule['id']}: {node['html']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
    assert not problems, f"{path}\n" + "\n".join(problems)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_of_visitors_and_accounts(cast: Cast, visit: Callable[..., Visit], dark: bool) -> None:
    visitor = visit(dark=dark, viewport=PHONE)
    for path in VISITOR:
        check(visitor, path)
    user = visit(dark=dark).sign_in(cast.user())
    for path in USER:
        check(user, path)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_browsable_api(visit: Callable[..., Visit], dark: bool) -> None:
    one = visit(dark=dark, viewport={"width": 1280, "height": 800})
    one.go("/docs")
    for number in (0, 3):
        one.page.locator(".opblock-summary-control").nth(number).click()
    expect(one.page.locator("table.responses-table")).to_have_count(2)
    one.sound()


def test_german_fits_on_a_small_phone(cast: Cast, visit: Callable[..., Visit]) -> None:
    one = visit(viewport={"width": 320, "height": 640}).sign_in(cast.user("Maximiliane-Aurelia"))
    one.go("/account")
    one.press("Deutsch")
    for path in ("/account", "/account/devices", "/account/email/", "/become-a-partner", "/help", "/account/2fa/"):
        one.go(path)
        expect(one.page.locator("html")).to_have_attribute("lang", "de")
        one.fits()


def test_the_keyboard_skips_to_the_content(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.go("/help")
    one.page.keyboard.press("Tab")
    expect(one.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    one.page.keyboard.press("Enter")
    expect(one.page.locator("main")).to_be_focused()
    one.page.keyboard.press("Tab")
    expect(one.page.locator("summary").nth(0)).to_be_focused()
    one.page.keyboard.press("Enter")
    one.see("Put the pin where you are")
