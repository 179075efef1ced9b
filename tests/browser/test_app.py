"""The pages as an app: it can be installed, and without a connection it says so."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.people import Cast
from tests.browser.screens import Visit

pytestmark = pytest.mark.browser


def test_it_can_be_installed(visit: Callable[..., Visit]) -> None:
    page = visit(worker=True).page
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready")
    inspector = page.context.new_cdp_session(page)
    manifest = inspector.send("Page.getAppManifest")
    assert manifest["url"].endswith("/manifest.webmanifest")
    assert not manifest["errors"]
    # A profile without a disk, as each visit is, can install nothing; nothing else may stand in the way.
    errors = {error["errorId"] for error in inspector.send("Page.getInstallabilityErrors")["installabilityErrors"]}
    assert errors <= {"in-incognito"}


def test_without_a_connection_it_says_so_and_keeps_nothing_of_anybody(cast: Cast, visit: Callable[..., Visit]) -> None:
    one = visit(worker=True, refusals=(0,)).sign_in(cast.user())
    one.go("/account")
    one.page.evaluate("navigator.serviceWorker.ready")
    one.go("/history")  # under the worker's control by now
    kept = one.page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((c) => c.keys()))))"
        ".then((all) => all.flat().map((request) => new URL(request.url).pathname))"
    )
    assert "/offline" in kept
    assert all(path == "/offline" or path.startswith("/static/") for path in kept), kept
    one.page.context.set_offline(True)
    one.go("/account")
    one.headline("You are offline")
    one.page.context.set_offline(False)
    one.headline("Your account")  # by itself, as soon as the device is back


def test_a_passkey_signs_in(cast: Cast, visit: Callable[..., Visit]) -> None:
    """With a security key of the browser's own making. Browsers know passkeys on localhost, not on 127.0.0.1."""
    person = cast.user()
    cast.confirm_address(person)
    cast.asks_for_nothing(person)
    one = visit(host="localhost")
    inspector = one.page.context.new_cdp_session(one.page)
    inspector.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    inspector.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    one.sign_in(person)
    one.go("/account/2fa/webauthn/add/")
    one.page.get_by_label("Password").fill(person.password)
    one.press("Confirm")
    one.page.get_by_label("Use it without a password").check()
    one.press("Add")
    one.page.wait_for_url("**/recovery-codes/**")
    one.page.context.clear_cookies()
    one.go("/account/login/")
    one.press("Use a passkey")
    expect(one.page.locator(".avatar").first).to_be_visible()
