"""Rows beside the map of the staff page, alerts, and the page without its socket."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from testbed.stack import Stack
from tests.browser.people import Cast
from tests.browser.screens import DESKTOP, PHONE, TIMES_SQUARE, Sockets, Visit, in_shell

pytestmark = pytest.mark.browser

A_MARK = """() => {
    const canvas = document.querySelector(".marks");
    const copy = new OffscreenCanvas(canvas.width || 1, canvas.height || 1); // a canvas that is read often warns of it
    const pen = copy.getContext("2d");
    if (canvas.width) pen.drawImage(canvas, 0, 0);
    const { data } = pen.getImageData(0, 0, copy.width, copy.height);
    for (let index = 3; index < data.length; index += 4)
        if (data[index] === 255) {
            const [x, y] = [((index - 3) / 4) % canvas.width, Math.floor((index - 3) / 4 / canvas.width)];
            const sharp = canvas.width / canvas.clientWidth;
            return { x: x / sharp + 2, y: y / sharp + 2 };
        }
    return null;
}"""


@pytest.fixture
def staff(cast: Cast, visit: Callable[..., Visit]) -> Visit:
    page = visit(viewport=DESKTOP).sign_in(cast.staff())
    page.live()
    return page


def beside(staff: Visit) -> Locator:
    return staff.page.locator("#beside")


def waiting(staff: Visit) -> Locator:
    """The link of the request that has waited longest."""
    return staff.page.locator("#longest a").first


def test_a_request_and_its_partner_beside_the_map(cast: Cast, visit: Callable[..., Visit], staff: Visit) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner("Pia"))
    partner.go_online()
    visit().sign_in(cast.user("Ada")).ask(note="By the fountain")
    waiting(staff).focus()
    staff.page.keyboard.press("Enter")
    expect(beside(staff).get_by_role("heading", level=2)).to_be_focused()
    expect(beside(staff)).to_contain_text("By the fountain")
    expect(beside(staff).locator(".beside-story")).to_contain_text("Offered to Pia")
    staff.sound()
    beside(staff).locator(".beside-story a", has_text="Pia").first.click()
    expect(beside(staff).get_by_role("heading", level=2)).to_contain_text("Pia")
    expect(beside(staff).locator(".beside-story")).to_contain_text("Approved")
    expect(beside(staff).get_by_role("link", name="Open its page")).to_have_attribute("href", re.compile("/partner/"))
    partner.press("Accept")
    expect(beside(staff).locator(".beside-story")).to_contain_text("Accepted request")  # by itself
    staff.page.keyboard.press("Escape")
    expect(beside(staff)).to_be_hidden()


def test_a_mark_opens_by_click_and_by_keyboard(cast: Cast, visit: Callable[..., Visit], staff: Visit) -> None:
    visit().sign_in(cast.user("Ada")).ask(note="By the fountain")
    expect(waiting(staff)).to_be_visible()
    staff.page.wait_for_function(A_MARK)
    staff.page.locator("#map").click(position=staff.page.evaluate(A_MARK))
    expect(beside(staff)).to_contain_text("By the fountain")
    staff.press("Close")
    expect(beside(staff)).to_be_hidden()
    staff.page.locator("#map").focus()
    staff.page.keyboard.press("Enter")
    expect(beside(staff)).to_contain_text("By the fountain")


def test_on_a_phone_it_is_a_sheet_below(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = visit(viewport=PHONE, touch=True).sign_in(cast.staff())
    staff.live()
    visit().sign_in(cast.user("Ada")).ask()
    waiting(staff).tap()
    expect(beside(staff).locator(".beside-story")).to_contain_text("Looking for a partner")
    box: Any = beside(staff).bounding_box()
    assert (box["x"], box["y"] + box["height"]) == (0, PHONE["height"])
    staff.sound()
    staff.press("Close")
    expect(beside(staff)).to_be_hidden()


FIRE = (
    "from django.utils import timezone; from alerts.rules import BY_NAME; from alerts.services import fire;"
    "fire(BY_NAME['SweepAway'], '', 1, now=timezone.now())"  # the sweep itself can't tell that it is over
)


def test_an_alert_is_acknowledged_beside_the_map(stack: Stack, staff: Visit) -> None:
    in_shell(stack, FIRE)
    alert = staff.page.locator("#alerts a", has_text="SweepAway")
    expect(staff.page.locator("#alerts li", has_text="SweepAway")).to_contain_text("fires for")
    alert.click()
    expect(beside(staff)).to_contain_text("docs/run/alerts.md#sweepaway")
    beside(staff).get_by_text("Acknowledge").first.click()
    beside(staff).get_by_label("Reason").first.fill("I look at it")
    staff.sound()
    beside(staff).get_by_role("button", name="Acknowledge").click()
    expect(beside(staff).locator(".beside-story")).to_contain_text("I look at it")
    expect(staff.page.locator("#alerts li", has_text="SweepAway")).to_contain_text("acknowledged")
    expect(beside(staff)).to_contain_text("Acknowledge: done.")


def test_a_page_without_its_socket_has_the_map_and_the_counts(
    cast: Cast, visit: Callable[..., Visit], staff: Visit
) -> None:
    sockets = Sockets(staff.page)
    staff.go("/staff/")
    staff.live()
    sockets.hang_up()
    staff.see("No live connection; checking every few seconds")
    visit().sign_in(cast.user("Ada")).ask(note="By the fountain")
    expect(waiting(staff)).to_be_visible()
    staff.page.wait_for_function(A_MARK)
    waiting(staff).click()
    expect(beside(staff)).to_contain_text("By the fountain")
    expect(staff.page.locator("#live")).to_have_attribute("data-state", "polling")
    expect(staff.page.locator("#stale")).to_be_hidden()


def test_counts_are_called_old_while_the_database_is_away(staff: Visit) -> None:
    sockets = Sockets(staff.page)
    staff.go("/staff/")
    staff.live()
    sockets.go_dead()  # so that nothing else is told
    at = 1000 * round(time.time())
    sockets.tell({"type": "tick", "at": at, "countedAt": at - 10_000})
    expect(staff.page.locator("#stale")).to_contain_text("The database does not answer.")
    sockets.tell({"type": "tick", "at": at + 1000, "countedAt": at + 1000})
    expect(staff.page.locator("#stale")).to_be_hidden()
