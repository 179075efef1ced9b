"""Browser tests: a headless Chromium of the system, and a program of their own with time enough to press buttons."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from testbed.stack import Stack, running_stack
from tests.browser.people import Cast
from tests.browser.screens import Visit

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page whose answer a test has touched counts as foreign to this machine, and could open no socket to it.
    "--disable-features=LocalNetworkAccessChecks",
)
WITHIN_MS = 20_000
MISSING = (
    "No Chromium on this machine, so the browser tests were left out. Install Chromium or Google Chrome to run them."
)


def chromium() -> str | None:
    """The system's browser, if it has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests are left out, which the summary says; in CI that is a failure."""
    if chromium() or os.environ.get("CI", "").lower() in ("1", "true"):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="package")
def stack(django_db_setup: None) -> Iterator[Stack]:
    """The whole program. Offers last long enough for a slow machine's browser."""
    with running_stack(OFFER_TTL_S="60", REQUEST_PATIENCE_S="600") as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these tests; each visit is a profile of its own."""
    path = chromium()
    if path is None:
        pytest.fail("CI must run the browser tests, and there is no Chromium on this machine.")
    expect.set_options(timeout=WITHIN_MS)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def cast(stack: Stack) -> Iterator[Cast]:
    """Fresh accounts for one test; its partners leave the stage at the end."""
    people = Cast(stack)
    yield people
    people.leave()


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open a browser for somebody; at the end of the test no page of it may have had a complaint."""
    opened: list[Visit] = []

    def open_browser(**options: object) -> Visit:
        opened.append(Visit(browser, stack.url, **options))  # type: ignore[arg-type]  # passed on
        return opened[-1]

    yield open_browser
    complaints = [complaint for one in opened for complaint in one.complaints]
    for one in opened:
        one.close()
    assert not complaints, complaints
