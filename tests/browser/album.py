"""Pictures of every page and state into docs/screens: phone and desktop, light and dark. `make screens` runs it.

Each picture is one sheet of four views of the same moment, as a WebP of a few ten kilobytes. Names given as
arguments restrict what is written: `make screens ONLY="request offer"`.
"""

import base64
import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from testbed.processes import BASE
from testbed.stack import running_stack
from tests.browser import album_walks
from tests.browser.conftest import ARGUMENTS, WITHIN_MS, chromium
from tests.browser.people import Cast
from tests.browser.screens import DESKTOP, PHONE, Visit

FOLDER = BASE / "docs" / "screens"
HEIGHT = 560  # pixels of a sheet
QUALITY = 0.62
VIEWS = [(size, theme) for size in (PHONE, DESKTOP) for theme in ("light", "dark")]
# Draws the views side by side; the browser has the encoder.
SHEET = """async ([views, height, quality]) => {
  const load = (data) => new Promise((done) => {
    const image = new Image(); image.onload = () => done(image); image.src = `data:image/png;base64,${data}`; });
  const images = await Promise.all(views.map(load));
  const gap = 8;
  const widths = images.map((image) => Math.round(image.width * height / image.height));
  const canvas = document.createElement('canvas');
  canvas.width = widths.reduce((sum, width) => sum + width + gap, -gap);
  canvas.height = height;
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#8a8496'; pen.fillRect(0, 0, canvas.width, height);
  pen.imageSmoothingQuality = 'high';
  let x = 0;
  images.forEach((image, i) => { pen.drawImage(image, x, 0, widths[i], height); x += widths[i] + gap; });
  return canvas.toDataURL('image/webp', quality).split(',')[1];
}"""


class Album:
    """Takes the pictures."""

    def __init__(self, browser: Browser, only: list[str]) -> None:
        self._only = only
        self._desk: Page = browser.new_page()
        self._raw = os.environ.get("SCREENS_RAW", "")  # a folder for the views as they are, to look at closely
        self.taken: list[str] = []

    def wants(self, name: str) -> bool:
        return not self._only or any(name.startswith(wanted) for wanted in self._only)

    def take(self, one: Visit, name: str) -> None:
        """One sheet of what is on this page now."""
        self.taken.append(name)
        if not self.wants(name):
            return
        views = []
        for size, theme in VIEWS:
            one.page.set_viewport_size(size)  # type: ignore[arg-type]  # a dict of these two
            one.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of these two
            one.page.evaluate("() => new Promise((done) => setTimeout(done, 350))")
            shot = one.page.screenshot(scale="css")
            one.fits()
            views.append(base64.b64encode(shot).decode())
            if self._raw:
                kind = "phone" if size is PHONE else "desktop"
                Path(self._raw, f"{name}-{kind}-{theme}.png").write_bytes(shot)
        one.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a dict of these two
        sheet = self._desk.evaluate(SHEET, [views, HEIGHT, QUALITY])
        (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(sheet))
        print(name, flush=True)  # noqa: T201


def main(only: list[str]) -> None:
    """Play each journey once, and take a picture of each state."""
    path = chromium()
    if path is None:
        sys.exit("There is no Chromium on this machine to take pictures with.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=WITHIN_MS)
    with running_stack(OFFER_TTL_S="60", REQUEST_PATIENCE_S="600") as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        album, cast = Album(browser, only), Cast(stack)

        def visit(at: dict[str, float] | None = None) -> Visit:
            return Visit(browser, stack.url, at=at, refusals=(403, 404))

        for walk in album_walks.WALKS:
            walk(album, cast, visit, stack)
            cast.leave()
            cast.forget()
        browser.close()
    if not only:
        for stale in set(FOLDER.glob("*.webp")) - {FOLDER / f"{name}.webp" for name in album.taken}:
            stale.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
