"""Every page, small and large, under a strict content security policy: quiet, and within its bounds."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from tests.browser.people import Cast, Person
from tests.browser.screens import DESKTOP, TIMES_SQUARE, Visit

pytestmark = pytest.mark.browser
SMALL = {"width": 320, "height": 640}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
VISITOR = ["/", "/account/login/", "/account/signup/", "/account/password/reset/"]
USER = ["/", "/history", "/become-a-partner", "/account/email/", "/account/password/change/", "/account/2fa/"]


def under_policy(one: Visit) -> Visit:
    """Serve documents with a policy that forbids everything inline and foreign; a breach shows as a console error."""

    def add(route: Route) -> None:
        if route.request.resource_type != "document":
            route.continue_()
            return
        answer = route.fetch(max_redirects=0)
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})

    one.page.route("**/*", add)
    return one


@pytest.mark.parametrize("viewport", [SMALL, DESKTOP], ids=["small", "large"])
def test_pages_of_visitors_and_users(cast: Cast, visit: Callable[..., Visit], viewport: dict[str, int]) -> None:
    visitor = under_policy(visit(viewport=viewport))
    for path in VISITOR:
        visitor.go(path)
        visitor.sound()
    user = under_policy(visit(viewport=viewport).sign_in(cast.user()))
    for path in USER:
        user.go(path)
        user.sound()


@pytest.mark.parametrize("viewport", [SMALL, DESKTOP], ids=["small", "large"])
def test_a_whole_cheer(cast: Cast, visit: Callable[..., Visit], viewport: dict[str, int]) -> None:
    partner = under_policy(visit(viewport=viewport, at=TIMES_SQUARE).sign_in(cast.partner()))
    user = under_policy(visit(viewport=viewport).sign_in(cast.user("Maximiliane-Aurelia")))

    def both_fit() -> None:
        for one in (user, partner):
            one.sound()

    partner.go_online()
    user.ask(note="supercalifragilistic" * 10)
    partner.headline("Somebody needs a cheer")
    both_fit()
    partner.press("Accept")
    user.headline("Pia is on the way")
    both_fit()
    partner.press("I'm here: start the clock")
    user.headline("You are being cheered")
    both_fit()
    partner.press("End the session")
    partner.press("End it")
    user.headline("That was your cheer")
    partner.see("Well cheered!")
    both_fit()
    user.page.get_by_role("link", name="See the receipt").click()
    user.sound()
    user.go("/history")
    user.sound()


def test_the_page_of_staff(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = under_policy(visit(viewport=SMALL).sign_in(cast.staff()))
    staff.go("/staff/")
    staff.live()
    staff.sound()


def test_pages_of_errors(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = under_policy(visit(viewport=SMALL, refusals=(403, 404)).sign_in(cast.user()))
    user.go("/staff/")
    user.see("This page is not for your account")
    user.sound()
    user.go("/ride/01890000-0000-7000-8000-000000000000/receipt")
    user.see("Nobody is cheering here")
    visitor = under_policy(visit(refusals=(401,)))
    visitor.go("/ride/01890000-0000-7000-8000-000000000000/receipt")
    visitor.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    visitor.headline("Good to see you again")


def test_an_applicants_page(cast: Cast, visit: Callable[..., Visit]) -> None:
    applicant: Person = cast.applicant()
    one = under_policy(visit(viewport=SMALL).sign_in(applicant))
    one.see("We are looking at your application.")
    one.sound()
