"""The page stays true when the connection does not."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from testbed.processes import listening, wait_until
from testbed.stack import Stack
from tests.browser.people import Cast
from tests.browser.screens import TIMES_SQUARE, Sockets, Visit

pytestmark = pytest.mark.browser


def test_without_sockets_the_user_is_told_by_polling(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit().sign_in(cast.user())
    sockets = Sockets(user.page)
    user.ask()
    sockets.hang_up()
    user.see("No live connection; checking every few seconds")
    partner.go_online()
    partner.press("Accept")
    user.headline("Pia is on the way")
    expect(user.page.locator("#live")).to_have_attribute("data-state", "polling")
    sockets.refused = False
    user.live()
    partner.start(user)
    user.headline("You're being cheered on")


def test_a_partner_loses_the_network_in_the_middle_of_an_offer(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    sockets = Sockets(partner.page)
    user = visit().sign_in(cast.user())
    partner.go_online()
    user.ask()
    partner.headline("Someone needs a cheer")
    sockets.hang_up()
    partner.offline(True)
    partner.press("Accept")
    partner.see("We can't reach the server.")
    partner.headline("Someone needs a cheer")
    partner.offline(False)
    partner.press("Accept")  # by a call: sockets are still refused
    partner.headline("Ada is waiting for you")
    partner.start(user)
    partner.headline("Cheer for Ada!")
    sockets.refused = False
    partner.live()
    partner.press("End this cheer")
    partner.press("End it")
    partner.see("Nice work!")
    partner.complaints = [text for text in partner.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_an_offer_reaches_a_partner_without_sockets(cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    sockets = Sockets(partner.page)
    user = visit().sign_in(cast.user())
    partner.go_online()
    sockets.hang_up()
    partner.see("No live connection; checking every few seconds")
    user.ask()
    partner.headline("Someone needs a cheer")
    partner.page.get_by_role("button", name="Accept").press("Enter")
    user.headline("Pia is on the way")


def test_a_server_that_dies_and_comes_back(stack: Stack, cast: Cast, visit: Callable[..., Visit]) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit().sign_in(cast.user())
    partner.go_online()
    user.ask()
    partner.press("Accept")
    user.headline("Pia is on the way")
    server = stack.process_of("speedycheers.server")
    assert server
    # The sign says nothing of a break that is over soon; that both try again says that they have noticed.
    with user.page.expect_websocket(), partner.page.expect_websocket():
        os.kill(server, signal.SIGSTOP)  # it neither answers nor hangs up
        os.kill(server, signal.SIGKILL)
    # A process that has just been started does not listen yet, and a press is repeated for two seconds only.
    wait_until(lambda: stack.process_of("speedycheers.server") not in (0, server), 30, "the server is back")
    wait_until(lambda: listening(stack.port), 30, "the server listens")
    user.live()
    partner.live()
    partner.start(user)
    user.headline("You're being cheered on")
    # What the browser says about connections that nobody took is not the page's complaint.
    for one in (partner, user):
        one.complaints = [text for text in one.complaints if not re.search("ERR_|WebSocket|reading", text)]


def test_a_connection_that_has_died_silently_is_found_within_ten_seconds(
    stack: Stack, cast: Cast, visit: Callable[..., Visit]
) -> None:
    partner = visit(at=TIMES_SQUARE).sign_in(cast.partner())
    user = visit().sign_in(cast.user())
    user.page.clock.install()
    sockets = Sockets(user.page)
    user.ask()
    user.live()
    sockets.go_dead()
    partner.go_online()
    partner.press("Accept")
    partner.headline("Ada is waiting for you")
    expect(user.page.locator("#live")).to_have_attribute("data-state", "live")  # it can't know yet
    user.page.clock.run_for(10_000)
    user.headline("Pia is on the way")
    user.live()
    assert len(sockets.opened) == 2
    assert re.search(r"[?&]after=[1-9]", sockets.opened[1])
