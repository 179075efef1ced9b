"""On a phone with a slow network: fingers, lost connections, a screen that must stay on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from testbed.processes import wait_until
from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Sockets, Visit

pytestmark = pytest.mark.browser

# Counts what the page asks for; a headless browser has no screen to keep on.
AWAKE = """window.awake = [];
navigator.wakeLock.request = async (kind) => {
    window.awake.push(kind);
    const lock = new EventTarget();
    lock.release = async () => { window.awake.pop(); lock.dispatchEvent(new Event("release")); };
    return lock;
};"""


def test_an_offer_on_3g_survives_a_lost_network_and_is_taken_by_a_finger(
    cast: Cast, visit: Callable[..., Visit]
) -> None:
    partner = visit(at=TIMES_SQUARE, touch=True, refusals=(0,)).sign_in(cast.partner())
    partner.page.add_init_script(AWAKE)
    sockets = Sockets(partner.page)
    partner.on_3g()
    partner.go_online()
    wait_until(lambda: partner.page.evaluate("window.awake") == ["screen"], 20, "the screen is kept on")

    user = visit(touch=True).sign_in(cast.user())
    user.on_3g()
    user.ask()
    partner.headline("Someone needs a cheer")
    partner.fits()
    partner.slide_by_finger(0.5)  # not far enough: a pocket
    expect(partner.page.locator("#offer-problem")).to_be_hidden()
    partner.headline("Someone needs a cheer")

    sockets.hang_up()
    partner.offline(True)
    partner.slide_by_finger(1)
    partner.see("We can't reach the server.")
    partner.headline("Someone needs a cheer")
    partner.offline(False)
    sockets.refused = False
    partner.live()
    partner.slide_by_finger(1)
    partner.headline("Ada is waiting for you")
    user.headline("Pia is on the way")
    assert partner.page.evaluate("window.awake") == ["screen"]


def test_the_first_load_on_3g_can_be_used_before_the_map_is_there(cast: Cast, visit: Callable[..., Visit]) -> None:
    user = visit(touch=True).sign_in(cast.user())
    held: list[Callable[[], None]] = []
    user.page.route("**/new-york*.json", lambda route: held.append(route.continue_))
    user.on_3g()
    user.go("/")
    expect(user.button("Cheer me on")).to_be_enabled()
    user.page.get_by_label("Search a place").fill("times")
    user.page.get_by_role("option", name="Times Square").tap()
    user.see("Drag the pin to be exact.")
    assert held
    for go_on in held:
        go_on()
    expect(user.page.locator("#map .map-park")).to_be_attached()


@pytest.mark.parametrize("size", [(360, 640), (390, 844)])
def test_every_kind_is_seen_above_the_button(cast: Cast, visit: Callable[..., Visit], size: tuple[int, int]) -> None:
    user = visit(viewport={"width": size[0], "height": size[1]}, touch=True).sign_in(cast.user())
    known = {"p50": 200, "p90": 420}
    user.page.route("**/estimate?*", lambda route: route.fulfill(json={"waitS": known}))
    user.go("/")
    user.page.locator("#map.near").tap()
    user.see("Drag the pin to be exact.")
    user.see("Usually 4 to 7 min here")
    user.sound()
    lowest = max(kind["y"] + kind["height"] for kind in map(_box, user.page.locator(".kind").all()))
    assert lowest <= _box(user.page.locator(".dock"))["y"]
    wait, form = _box(user.page.locator("#wait-line")), _box(user.page.locator("#request-form"))
    assert wait["y"] + wait["height"] <= form["y"]


def _box(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box
    return box
