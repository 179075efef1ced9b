"""Every page, small and large: quiet (a breach of the content security policy is a complaint), and within bounds."""

from collections.abc import Callable

import pytest

from tests.browser.people import Cast, Person
from tests.browser.screens import DESKTOP, TIMES_SQUARE, Visit

pytestmark = pytest.mark.browser
SMALL = {"width": 320, "height": 640}
VISITOR = ["/", "/account/login/", "/account/signup/", "/account/password/reset/"]
USER = ["/", "/history", "/become-a-partner", "/account/email/", "/account/password/change/", "/account/2fa/"]


@pytest.mark.parametrize("viewport", [SMALL, DESKTOP], ids=["small", "large"])
def test_pages_of_visitors_and_users(cast: Cast, visit: Callable[..., Visit], viewport: dict[str, int]) -> None:
    visitor = visit(viewport=viewport)
    for path in VISITOR:
        visitor.go(path)
        visitor.sound()
    user = visit(viewport=viewport).sign_in(cast.user())
    for path in USER:
        user.go(path)
        user.sound()


@pytest.mark.parametrize("viewport", [SMALL, DESKTOP], ids=["small", "large"])
def test_a_whole_cheer(cast: Cast, visit: Callable[..., Visit], viewport: dict[str, int]) -> None:
    partner = visit(viewport=viewport, at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit(viewport=viewport).sign_in(cast.user("Maximiliane-Aurelia"))

    def both_fit() -> None:
        for one in (user, partner):
            one.sound()

    partner.go_online()
    user.ask(note="supercalifragilistic" * 10)
    partner.headline("Someone needs a cheer")
    both_fit()
    partner.press("Accept")
    user.headline("Pia is on the way")
    both_fit()
    partner.start(user)
    user.headline("You're being cheered on")
    both_fit()
    partner.press("End this cheer")
    partner.press("End it")
    user.headline("All done!")
    partner.see("Nice work!")
    both_fit()
    user.page.get_by_role("link", name="See the receipt").click()
    user.headline("Invoice")
    user.sound()
    user.go("/history")
    user.sound()


def test_the_live_screens_in_german(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(viewport=SMALL, at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit(viewport=SMALL).sign_in(cast.user())
    for one in (partner, user):
        one.page.context.add_cookies([{"name": "django_language", "value": "de", "url": one.url}])
    partner.go("/partner")
    partner.headline("Hallo, Pia")
    partner.see("Geh online, damit dir Anfeuerungen in deiner Nähe angeboten werden.")
    partner.live()
    partner.sound()
    user.go("/")
    user.headline("Wo sollen wir anfeuern?")
    user.page.locator("#map.near").click()
    user.see("Zieh die Markierung")
    user.see("je angefangene 5 Minuten")
    user.sound()
    user.go("/wallet")
    user.sound()


def test_the_page_of_staff(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = visit(viewport=SMALL).sign_in(cast.staff())
    staff.go("/staff/")
    staff.live()
    staff.sound()


def test_pages_of_errors(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit(viewport=SMALL, refusals=(403, 404)).sign_in(cast.user())
    user.go("/staff/")
    user.see("This page is not for your account")
    user.sound()
    user.go("/ride/01890000-0000-7000-8000-000000000000/receipt")
    user.see("Nobody is cheering here")
    visitor = visit(refusals=(401,))
    visitor.go("/ride/01890000-0000-7000-8000-000000000000/receipt")
    visitor.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    visitor.headline("Good to see you again")


def test_an_applicants_page(cast: Cast, visit: Callable[..., Visit]) -> None:
    applicant: Person = cast.applicant()
    one = visit(viewport=SMALL).sign_in(applicant)
    one.see("We are reviewing your application.")
    one.sound()


def test_the_pages_of_libraries(cast: Cast, visit: Callable[..., Visit]) -> None:
    """The admin and the browsable API bring scripts and styles of their own; the policy knows what they need."""
    staff = visit(viewport=DESKTOP).sign_in(cast.staff())
    for path in ("/admin/", "/admin/accounts/partner/", "/admin/requests_app/cheerrequest/", "/admin/regions/region/"):
        staff.go(path)
        staff.page.wait_for_load_state("networkidle")
    staff.page.locator("#result_list a[href*='/change/']").first.click()
    staff.page.wait_for_load_state("networkidle")
    staff.go("/docs")
    staff.page.locator(".opblock-summary-control").first.click()
    staff.see("Responses")
