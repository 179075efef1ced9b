"""A person at a browser: what they see and press."""

import json
import re
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Locator, Page, WebSocketRoute, expect

from tests.browser.people import Cast, Person

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
TIMES_SQUARE = {"latitude": 40.7580, "longitude": -73.9855}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a browser prints by itself about an answer that is not 2xx.
REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
# What Playwright prints where it keeps a service worker away, and the browser where the test has cut the connection.
BLOCKED = "Service Worker registration blocked by Playwright"
OFFLINE = "net::ERR_INTERNET_DISCONNECTED"


class Visit:
    """One browser profile with one page, and everything that it complained about."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        viewport: dict[str, int] | None = None,
        at: dict[str, float] | None = None,
        dark: bool = False,
        refusals: tuple[int, ...] = (),
        worker: bool = False,
        host: str = "127.0.0.1",
        touch: bool = False,
    ) -> None:
        """`at`: where the device is; None where it won't say. `refusals`: statuses that this test provokes.

        `touch`: a phone, with a finger for a mouse.

        `worker`: let the pages have their service worker, past which a test's routes would see nothing.
        """
        url = url.replace("127.0.0.1", host)
        self.url = url
        self.complaints: list[str] = []
        self._refusals = {str(status) for status in refusals}
        self._slow: CDPSession | None = None
        self._context = browser.new_context(
            base_url=url,
            viewport=viewport or PHONE,  # type: ignore[arg-type]  # a dict of these two
            locale="en-US",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            permissions=["geolocation"] if at else [],
            service_workers="allow" if worker else "block",
            has_touch=touch,
            is_mobile=touch,
            geolocation=at,  # type: ignore[arg-type]  # a dict of these two
        )
        self.page: Page = self._context.new_page()
        self._watch()

    def _watch(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        refusal = REFUSAL.match(message.text)
        if message.text == BLOCKED or (OFFLINE in message.text and "0" in self._refusals):
            return
        if message.type in ("error", "warning") and not (refusal and refusal[1] in self._refusals):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def close(self) -> None:
        self._context.close()

    def go(self, path: str) -> None:
        self.page.goto(path)

    def sign_in(self, person: Person) -> "Visit":
        """By the form, like everybody."""
        self.go("/account/login/")
        self.page.get_by_label("Email").fill(person.email)
        self.page.get_by_label("Password").fill(person.password)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        expect(self.page.locator(".avatar").first).to_be_visible()
        return self

    def move_to(self, latitude: float, longitude: float) -> None:
        """The device moves."""
        self._context.set_geolocation({"latitude": latitude, "longitude": longitude})

    def on_3g(self) -> None:
        """From now on the network is slow: 400 kbit/s, and 400 ms for each answer."""
        self._slow = self._context.new_cdp_session(self.page)
        self._slow.send("Network.enable")
        self.offline(False)

    def offline(self, now: bool) -> None:
        """The device loses its network, or has it again."""
        if self._slow is None:
            self._context.set_offline(now)
            return
        slow = {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
        self._slow.send("Network.emulateNetworkConditions", {"offline": now, **slow})

    # ------------------------------------------------------------ looking

    def see(self, text: str | re.Pattern[str]) -> None:
        """The text is on the page."""
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def headline(self, text: str | re.Pattern[str]) -> None:
        """The page's headline is, or becomes, this."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def press(self, name: str | re.Pattern[str]) -> None:
        self.button(name).click()

    def live(self) -> None:
        """The page is connected."""
        expect(self.page.locator("#live")).to_have_attribute("data-state", "live")

    def _wait_for_styles(self) -> None:
        """A script can look at a page that people are not shown yet."""
        self.page.wait_for_load_state()

    def fits(self) -> None:
        """Nothing sticks out to the side."""
        self._wait_for_styles()
        widths = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], f"{self.page.url} is {widths[0]} wide on a screen of {widths[1]}"

    def accessible(self) -> None:
        """Axe finds nothing against WCAG 2.2 AA and good practice on what shows now."""
        self._wait_for_styles()
        # Without its own look into imported stylesheets, for which it makes style elements that our policy refuses.
        found = Axe().run(self.page, options={"runOnly": RULES, "preload": False}).response["violations"]
        told = [
            f"{self.page.url} {one['id']}: {node['html'][:160]} {node['failureSummary'][-160:]}"
            for one in found
            for node in one["nodes"]
        ]
        assert not told, "\n".join(told)

    def sound(self) -> None:
        """It fits, and everybody can use it."""
        self.fits()
        self.accessible()

    # ------------------------------------------------------------ what users do

    def ask(self, kind: str = "Pep talk", note: str = "") -> None:
        """Click the middle of the map, choose a kind, press the button."""
        self.go("/")
        self.page.locator("#map.near").click()
        self.see("Drag the pin to be exact.")
        self.page.get_by_role("radio", name=kind).check()
        if note:
            self.page.get_by_label("Anything they should know?").fill(note)
        self.press("Cheer me on")
        self.page.wait_for_url(re.compile("/cheer/"))
        self.live()

    # ------------------------------------------------------------ what partners do

    def slide_to_accept(self) -> None:
        """Drag the knob to the end of its track."""
        knob = self.page.locator("#accept").bounding_box()
        track = self.page.locator("#slide").bounding_box()
        assert knob
        assert track
        mouse, height = self.page.mouse, knob["y"] + knob["height"] / 2
        mouse.move(knob["x"] + knob["width"] / 2, height)
        mouse.down()
        mouse.move(track["x"] + track["width"] - 10, height, steps=5)
        mouse.up()

    def slide_by_finger(self, share: float) -> None:
        """Drag the knob so far along its track with a finger, and let go."""
        knob = self.page.locator("#accept").bounding_box()
        track = self.page.locator("#slide").bounding_box()
        assert knob
        assert track
        x, y, way = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2, track["width"] - knob["width"]
        finger = self._context.new_cdp_session(self.page)
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 9):
            at = {"x": x + way * share * step / 8, "y": y + step}
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def start(self, user: "Visit") -> None:
        """The user tells the partner their PIN, and the clock starts."""
        pin = user.page.locator("#pin")
        expect(pin).to_have_text(re.compile(r"^\d{4}$"))
        self.page.get_by_label("The PIN that your user tells you").fill(pin.inner_text())
        self.press("I'm here: start the clock")

    def go_online(self) -> None:
        self.go("/partner")
        self.live()
        self.page.get_by_role("switch").click()
        # By its id: where an offer comes at once, the switch is out of sight by now.
        expect(self.page.locator("#online")).to_have_attribute("aria-checked", "true")


class Sockets:
    """Stands between a page and its sockets: it can hang them all up, refuse new ones, and let old ones go dead."""

    def __init__(self, page: Page) -> None:
        self._open: list[WebSocketRoute] = []
        self._dead: set[WebSocketRoute] = set()
        self.opened: list[str] = []  # addresses
        self.refused = False
        page.route_web_socket(re.compile("/notification"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.refused:
            socket.close(code=1012)
            return
        server = socket.connect_to_server()
        socket.on_message(lambda message: self._pass_on(socket, server, message))
        server.on_message(lambda message: self._pass_on(socket, socket, message))
        self._open.append(socket)
        self.opened.append(socket.url)

    def _pass_on(self, socket: WebSocketRoute, to: WebSocketRoute, message: str | bytes) -> None:
        if socket not in self._dead:
            to.send(message)

    def go_dead(self) -> None:
        """Those that are open pass nothing more in either direction, and nobody is told."""
        self._dead.update(self._open)

    def tell(self, frame: dict[str, Any]) -> None:
        """A frame as if the server had sent it."""
        for socket in self._open:
            socket.send(json.dumps(frame))

    def hang_up(self) -> None:
        """As a tunnel would."""
        self.refused = True
        for socket in self._open:
            socket.close(code=1012)
        self._open.clear()


def in_shell(stack: Any, code: str) -> None:
    """What no page can do: run a line in the program's own shell."""
    stack.manage("shell", "-v0", "-c", code)


def agree(stack: Any, **prices: int) -> None:
    """Put the open requests under other prices, as if they had been made under them."""
    in_shell(
        stack,
        "from django.utils import timezone; from regions.models import Region; from requests_app.states import OPEN;"
        "from regions.selectors import present_terms; from requests_app.models import CheerRequest;"
        f"region = Region.objects.get(slug='nyc'); region.__dict__.update({prices!r});"
        "terms = present_terms(region, now=timezone.now());"
        "CheerRequest.objects.filter(status__in=OPEN).update(terms=terms)",
    )


def meet(
    cast: Cast, visit: Callable[..., Visit], *, once_asked: Callable[[], object] = lambda: None
) -> tuple[Visit, Visit]:
    """A user, and a partner whose phone says that they are where the user is. `once_asked` runs before they come."""
    ada = cast.user("Ada")
    user = visit().sign_in(ada)
    user.ask()
    once_asked()
    place = cast.request_of(ada)["location"]
    assert isinstance(place, dict)
    at = {"latitude": place["lat"], "longitude": place["lng"]}
    partner = visit(at=at).sign_in(cast.partner("Pia"))
    partner.go_online()
    partner.press("Accept")
    user.headline("Pia is here")
    partner.see("You have arrived. Start the clock when you are together.")
    return user, partner
