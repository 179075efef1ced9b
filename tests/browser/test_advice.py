"""Advice where to wait, on a partner's console: a tip and a circle on the map, until it is hidden or over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.people import Cast
from tests.browser.screens import DESKTOP, PHONE, TIMES_SQUARE, Sockets, Visit

pytestmark = pytest.mark.browser
NOTE_WHETHER_SHOWN = """() => {
    const tip = document.querySelector("#advice");
    new MutationObserver(() => { window.shown ||= !tip.hidden; }).observe(tip, { attributes: true });
}"""


def advice(id: str, for_s: float) -> dict[str, Any]:
    """The frame of advice to wait some streets to the south."""
    until = datetime.now(UTC) + timedelta(seconds=for_s)
    there = {"lat": TIMES_SQUARE["latitude"] - 0.01, "lng": TIMES_SQUARE["longitude"]}
    told = {"adviceId": id, "location": there, "locationWithinM": 250, "distanceM": 1100}
    return {"type": "advice", "advice": {**told, "expiresAt": until.isoformat()}}


@pytest.mark.parametrize(("viewport", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["light", "dark phone"])
def test_a_tip_and_a_circle_until_it_is_hidden_or_over(
    cast: Cast, visit: Callable[..., Visit], viewport: dict[str, int], dark: bool
) -> None:
    one = visit(at=TIMES_SQUARE, viewport=viewport, dark=dark).sign_in(cast.partner("Pia"))
    sockets = Sockets(one.page)
    one.go_online()
    tip, circle = one.page.locator("#advice"), one.page.locator(".map-advice")
    expect(tip).to_be_hidden()

    sockets.tell(advice("first", 600))
    expect(tip).to_contain_text("Busier in 15 min")
    expect(circle).to_be_attached()
    one.sound()
    sockets.tell({"type": "advice", "advice": None})
    expect(tip).to_be_hidden()
    expect(circle).not_to_be_attached()

    sockets.tell(advice("second", 600))
    one.press("Hide")
    expect(tip).to_be_hidden()
    expect(circle).not_to_be_attached()
    expect(one.page.get_by_role("switch")).to_be_focused()
    sockets.tell(advice("second", 600))  # as each minute
    expect(tip).to_be_hidden()

    one.page.evaluate(NOTE_WHETHER_SHOWN)
    sockets.tell(advice("third", 5))
    one.page.wait_for_function("window.shown")
    expect(tip).to_be_hidden()  # by itself
    expect(circle).not_to_be_attached()
