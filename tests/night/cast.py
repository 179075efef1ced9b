"""The people of the night, each with what they use: a phone with a token, or a browser with a session."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from html import unescape
from threading import Thread
from typing import Any
from uuid import UUID

import httpx
from allauth.mfa.totp.internal import auth
from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from simulator.accounts import Account, Keyring
from simulator.cards import save_card
from simulator.client import Api
from testbed.processes import wait_until
from tests.cast import PASSWORD, Place, at
from web.tests.browse import SIGN_IN

SECOND_FACTOR, ONCE_MORE = "/account/2fa/authenticate/", "/account/2fa/reauthenticate/"
CODE_PERIOD_S = 30
AT_ONCE = 4  # calls of many people
ANSWER_S = 30.0


@dataclass
class Phone:
    """An app that holds a token."""

    url: str
    name: str
    email: str
    token: str
    http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=ANSWER_S, trust_env=False)

    def post(self, path: str, body: dict[str, Any], *expected: int) -> Any:
        """POST, and return the answer's JSON. Fails for another status than those expected."""
        answer = self.http.post(path, json=body)
        assert answer.status_code in expected, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None


@dataclass
class User(Phone):
    """A user, who asks for a cheer."""

    request: UUID | None = None

    def ask(self, place: Place) -> None:
        """Ask for a cheer."""
        body = {"location": at(place), "requestType": "pep_talk", "note": "Third floor"}
        self.request = UUID(self.post("/cheerRequest", body, 201)["requestId"])


@dataclass
class Partner(Phone):
    """A partner, who at work accepts and serves whatever they are offered or assigned."""

    partner_id: str
    served: list[str] = field(default_factory=list)
    socket: ClientConnection | None = None
    work: Thread = field(init=False, repr=False)
    leaving: ExitStack = field(default_factory=ExitStack, repr=False)

    def come_to_work(self, place: Place) -> None:
        """Go online at a place, and serve until `go_home`."""
        self.post("/updateLocation", {"location": at(place)}, 204)
        headers = {"Authorization": f"Bearer {self.token}"}
        address = f"{self.url.replace('http', 'ws', 1)}/partner/notification"
        self.socket = self.leaving.enter_context(connect(address, additional_headers=headers))
        self.socket.recv(ANSWER_S)  # hello
        self.work = Thread(target=self._serve_all, args=[self.socket])
        self.work.start()
        self.post("/partner/status", {"status": "available"}, 200)

    def go_home(self) -> None:
        """Go offline, if at work."""
        if self.socket is not None:
            self.post("/partner/status", {"status": "offline"}, 200)
            self.leave()

    def leave(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.leaving.close()
            self.work.join(ANSWER_S)
            self.socket = None

    def _serve_all(self, socket: ClientConnection) -> None:
        for text in socket:
            frame = json.loads(text)
            if frame["type"] == "offer":
                self._accept(frame["offer"])
            elif frame["type"] == "ride.updated" and frame["ride"]["status"] == "en_route":
                self._serve(frame["ride"])

    def _accept(self, offer: dict[str, Any]) -> None:
        """Accept an offer; 409 says that it is theirs already."""
        ride = self.post("/rideAccept", {"offerId": offer["offerId"]}, 201, 409)
        if "rideId" in ride:
            self._serve(ride)

    def _serve(self, ride: dict[str, Any]) -> None:
        """Go to the place, cheer, and end the session."""
        if ride["rideId"] in self.served:
            return
        self.served.append(ride["rideId"])
        place = self.http.get(f"/cheerRequest/{ride['requestId']}").json()["location"]
        self.post("/updateLocation", {"location": place}, 204)
        for step in ("/rideArrive", "/rideStart", "/rideEnd"):
            self.post(step, {"rideId": ride["rideId"]}, 200)


class Browser:
    """A browser without scripts: pages, forms, and the calls that scripts would make."""

    def __init__(self, url: str, email: str, secret: str = "") -> None:
        self.url, self.secret = url, secret
        self.http = httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False, follow_redirects=True)
        self.http.headers["Accept"] = "text/html,*/*;q=0.8"
        self.see(SIGN_IN)
        page = self.send(SIGN_IN, login=email, password=PASSWORD)
        if secret:
            assert page.url.path == SECOND_FACTOR
            self._give_code(SECOND_FACTOR)
        else:
            assert page.url.path != SIGN_IN

    def confirm(self) -> None:
        """Say once more who it is."""
        self._give_code(ONCE_MORE)

    def _give_code(self, path: str) -> None:
        for _ in range(2):  # a code's time may end on its way
            if self.send(path, code=code_of(self.secret)).url.path != path:
                return
        raise AssertionError(f"{path} takes no code")

    def see(self, path: str) -> str:
        """Open a page, and return its HTML."""
        page = self.http.get(path)
        assert page.status_code == 200, (path, page.status_code)
        return page.text

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form, and return the page that follows."""
        page = self.http.post(path, data={**fields, "csrfmiddlewaretoken": self.http.cookies["csrftoken"]})
        assert page.status_code == 200, (path, page.status_code)
        return page

    def post(self, path: str, body: dict[str, Any], key: str = "") -> httpx.Response:
        """Call the API as a page's script does."""
        headers = {"Accept": "application/json", "X-CSRFToken": self.http.cookies["csrftoken"]}
        return self.http.post(path, json=body, headers=headers | ({"Idempotency-Key": key} if key else {}))

    def list(self, path: str) -> list[dict[str, Any]]:
        """All rows of a list of the API."""
        rows: list[dict[str, Any]] = []
        while path:
            answer = self.http.get(path, headers={"Accept": "application/json"}).json()
            rows += answer["results"]
            path = answer["next"] or ""
        return rows

    def data(self, path: str) -> Any:
        """Return the data that a page hands to its script."""
        found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', self.see(path), re.DOTALL)
        assert found, f"{path} has no data"
        return json.loads(found[1])

    def text(self, path: str) -> str:
        """A page's readable text."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.see(path))).split())


class LivePage:
    """The staff page, open in a browser: each frame that it has got, from the first on."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.frames: list[dict[str, Any]] = []
        self._leaving = ExitStack()
        self.open()

    def open(self) -> None:
        """Connect, with the session of now."""
        self._leaving.close()
        address = f"{self.browser.url.replace('http', 'ws', 1)}/staff/notification"
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.http.cookies.items())
        opening = connect(address, additional_headers={"Cookie": cookies}, origin=Origin(self.browser.url))
        socket = self._leaving.enter_context(opening)
        self._reader = Thread(target=self._read, args=[socket])
        self._reader.start()

    def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                self.frames.append(json.loads(socket.recv()))

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed it."""
        return self._reader.is_alive()

    def next(self, kind: str, fits: Callable[[dict[str, Any]], bool], within_s: float, what: str) -> dict[str, Any]:
        """Wait for a frame of this kind, of those that come from now on, that fits."""
        seen = len(self.frames)

        def found() -> dict[str, Any] | None:
            return next((each for each in self.frames[seen:] if each["type"] == kind and fits(each)), None)

        frame: dict[str, Any] = wait_until(found, within_s, what)
        return frame

    def close(self) -> None:
        """Leave the page."""
        self._leaving.close()
        self._reader.join(ANSWER_S)


def code_of(secret: str) -> str:
    """The code that an authenticator app shows now, by the clock that the running program reads."""
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // CODE_PERIOD_S))


def all_of_them(act: Callable[..., None], *who: Iterable[Any]) -> None:
    """Let many people act, some of them at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(act, *who))


def save_cards(users: Iterable[User], url: str, provider: str) -> None:
    """Each user saves a card, as the simulator's do."""

    async def save_all() -> None:
        api, keyring = Api(url), Keyring(None, url)
        keyring.tokens.update({user.email: user.token for user in users})
        people = [Account(api, keyring, email=user.email, name=user.name, password="") for user in users]
        await asyncio.gather(*(save_card(each, provider) for each in people))
        await api.close()

    asyncio.run(save_all())
