"""The staff page in a real browser, for `bench.live`: how long a frame takes to be drawn, and its long tasks."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import sync_playwright

from accounts.demo import PASSWORD
from ops.seed import STAFF

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-gpu")
# Notes for each frame of the map how long it takes until the picture after it, and tasks over 50 ms.
WATCH = """
window.told = { ms: [], long: [] };
new PerformanceObserver((list) => list.getEntries().forEach((entry) => told.long.push(entry.duration)))
  .observe({ type: "longtask" });
window.WebSocket = class extends WebSocket {
  constructor(...how) {
    super(...how);
    this.addEventListener("message", ({ data }) => {
      if (!data.startsWith('{"type":"map"')) return;
      const begun = performance.now();
      requestAnimationFrame(() => setTimeout(() => told.ms.push(performance.now() - begun)));
    });
  }
};
"""


@dataclass
class Drawn:
    """Milliseconds from each frame of the map to its picture, and of each long task."""

    ms: list[float] = field(default_factory=list)
    long_ms: list[float] = field(default_factory=list)
    read: Callable[[str], Any] = lambda script: {"ms": [], "long": []}

    def begin(self) -> None:
        """Forget what was before: the page's own beginning."""
        self.read("Object.assign(told, { ms: [], long: [] })")

    def end(self) -> None:
        """Take the figures."""
        told = self.read("told")
        self.ms, self.long_ms = told["ms"], told["long"]


@contextmanager
def watched(url: str) -> Iterator[Drawn]:
    """Open the staff page as the demo member of staff."""
    path = next((path for name in NAMES if (path := shutil.which(name))), None)
    if path is None:
        raise SystemExit("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 800}, service_workers="block")
        page.add_init_script(WATCH)
        page.goto("/account/login/")
        page.get_by_label("Email").fill(STAFF)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_selector(".avatar")
        page.goto("/staff/")
        page.wait_for_selector('#live[data-state="live"]')
        yield Drawn(read=page.evaluate)
        browser.close()
