"""Dead letters, from the alert to the end, as a dispatcher in the admin sees them on a phone and on a desktop."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import expect

from testbed.processes import wait_until
from testbed.stack import Stack
from tests.browser.people import STAFF, Cast, Person
from tests.browser.screens import DESKTOP, PHONE, TIMES_SQUARE, Visit, in_shell

pytestmark = pytest.mark.browser

HERE = {"lat": 40.7580, "lng": -73.9855}
FAR = {"lat": 40.5795, "lng": -74.1502}  # of the same region
RULE = "RequestsWithoutPartners"
FIRES_WITHIN_S = 60
DIES_WITHIN_S = 20
TITLE_PX = 180


@dataclass
class Night:
    """No partner is at work. Some requests have died, and one still waits."""

    stack: Stack
    cast: Cast
    waits: Person
    letters: list[Person] = field(default_factory=list)  # the users of the dead letters, oldest first

    def call_off_what_waits(self) -> None:
        """Requests that wait are called off, and with them goes the alert's cause."""
        for person in (self.waits, *self.letters):
            request = self.cast.request_of(person)
            if request["status"] == "pending":
                path = f"/cheerRequest/{request['requestId']}/cancel"
                status, answer = self.stack.call("POST", path, {}, self.cast.token(person))
                assert status == 200, answer


@pytest.fixture(scope="module")
def night(stack: Stack) -> Iterator[Night]:
    """Requests that nobody takes, and the alert about them."""
    cast = Cast(stack)
    found = Night(stack, cast, cast.user("Walt"), [cast.user(name) for name in ("Ada", "Bo", "Cleo", "Dan")])
    for person, place in [(found.waits, FAR), *((letter, HERE) for letter in found.letters)]:
        status, answer = stack.call("POST", "/cheerRequest", {"location": place}, cast.token(person))
        assert status == 201, answer
    emails = [person.email for person in found.letters]
    in_shell(
        stack,
        "from django.db.models.functions import Now; from requests_app.models import CheerRequest;"
        f"CheerRequest.objects.filter(user__email__in={emails}).update(give_up_at=Now())",
    )
    for person in found.letters:
        wait_until(lambda person=person: cast.request_of(person)["status"] == "no_match", DIES_WITHIN_S, "it dies")
    yield found
    cast.leave()


class Desk:
    """A dispatcher in the admin, on a screen of this size."""

    def __init__(self, staff: Visit, size: dict[str, int]) -> None:
        self.staff, self.page, self.narrow = staff, staff.page, size["width"] < 1024

    def open(self, link: str) -> None:
        """Follow a link of the menu."""
        if self.narrow:
            self.page.locator("#header-inner").get_by_text("dock_to_right").filter(visible=True).click()
        self.page.locator("#nav-sidebar").get_by_role("link", name=re.compile(link)).click()
        self.looked_at()

    def row(self, text: str) -> Any:
        return self.page.locator("#result_list tr").filter(has_text=text)

    def open_row(self, text: str) -> None:
        self.row(text).locator("a[href*='/change/']").first.click()
        self.looked_at()

    def looked_at(self) -> None:
        """Everything on the page fits the screen, and axe finds nothing."""
        self.page.wait_for_load_state("networkidle")
        self.staff.sound()

    def take(self, step: str, **said: str) -> None:
        """Press the button of a step, and fill in what it asks for."""
        if self.narrow:
            self.page.locator("#header-inner").get_by_role("link", name="More", exact=True).click()
        self.page.locator("#header-inner").get_by_role("link", name=re.compile(rf"{step}$")).click()
        dialog = self.page.locator("#dialog")
        expect(dialog).to_contain_text(step)
        for name, value in said.items():
            dialog.locator(f"[name={name}]").fill(value)
        self.staff.accessible()
        dialog.get_by_role("button", name=step).click()
        self.staff.see(f"{step}: done.")

    def has_a_title(self) -> None:
        """The steps leave room for the name of the row."""
        box = self.page.locator("#header-inner h1").bounding_box()
        assert box is not None
        assert box["width"] > TITLE_PX

    def shows(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("#content")).to_contain_text(text)


def letter_with_owner_and_note(desk: Desk, user: Person, note: str) -> None:
    """A dispatcher finds a dead letter in its list, takes it on and leaves a note."""
    desk.open("Dead letters")
    desk.open_row(user.email)
    desk.has_a_title()
    desk.shows("No partner found", "no_partner_nearby")
    desk.take("Take on")
    desk.take("Note", note=note)
    desk.shows(STAFF, note)
    desk.looked_at()


def test_on_a_phone(night: Night, visit: Callable[..., Visit]) -> None:
    """The alert is acknowledged, one letter is looked for again, another one closed."""
    ada, bo, *_ = night.letters
    desk = Desk(visit(viewport=PHONE).sign_in(night.cast.staff()), PHONE)
    desk.staff.go("/admin/")
    desk.open("Alerts")
    reloaded_until(desk, RULE)
    desk.open_row(RULE)
    desk.take("Acknowledge", reason="I call partners in")
    desk.shows("Acknowledged", "I call partners in")
    letter_with_owner_and_note(desk, ada, "Two partners are on their way to midtown.")
    desk.take("Requeue", reason="partners are back")
    desk.shows("Looking for a partner")
    assert night.cast.request_of(ada)["status"] == "pending"
    desk.open("Dead letters")
    desk.open_row(bo.email)
    desk.take("Cancel request", reason="does not want it any more")
    assert night.cast.request_of(bo)["status"] == "cancelled"


def reloaded_until(desk: Desk, text: str) -> None:
    """Load a list again until it has a row."""

    def there() -> bool:
        desk.page.reload()
        return bool(desk.row(text).count())

    wait_until(there, FIRES_WITHIN_S, f"{text} is listed")


def test_on_a_desktop(night: Night, cast: Cast, visit: Callable[..., Visit]) -> None:
    """The alert is silenced, one letter is offered to a partner, who accepts, and another one closed in the list."""
    *_, cleo, dan = night.letters
    desk = Desk(visit(viewport=DESKTOP).sign_in(night.cast.staff()), DESKTOP)
    desk.staff.go("/admin/")
    desk.open("Alerts")
    reloaded_until(desk, RULE)
    desk.open_row(RULE)
    desk.take("Silence", reason="known until midnight")
    desk.shows("Silenced", "known until midnight")
    letter_with_owner_and_note(desk, cleo, "Pia is around the corner and has agreed.")
    night.call_off_what_waits()
    pia = cast.partner("Pia")
    partner = visit(at=TIMES_SQUARE).sign_in(pia)
    partner.go_online()
    desk.take("Offer", partner=pia.email, reason="agreed on the phone")
    partner.press("Accept")
    wait_until(lambda: night.cast.request_of(cleo)["status"] == "accepted", DIES_WITHIN_S, "she has it")
    desk.page.reload()
    desk.shows("directed by staff", "Accepted")
    desk.looked_at()
    desk.open("Dead letters")
    expect(desk.row(cleo.email)).to_have_count(0)
    desk.row(dan.email).locator("input.action-select").check()
    desk.page.locator("select[name=action]").select_option("cancel_selected")
    desk.page.get_by_role("button", name="Run").click()
    desk.looked_at()
    desk.page.locator("[name=reason]").fill("nobody is coming any more")
    desk.page.get_by_role("button", name="Cancel request").click()
    desk.staff.see("Cancel request: done.")
    desk.looked_at()
    assert night.cast.request_of(dan)["status"] == "cancelled"
    desk.open("Alerts")
    wait_until(lambda: bool(desk.page.reload()) and desk.row("Resolved").count(), FIRES_WITHIN_S, "it is resolved")
