"""Measures how soon the system serves again, by one request after another, each cancelled after its offer."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import httpx

from simulator.accounts import Keyring, Staff
from simulator.client import Api
from simulator.feed import Feed
from simulator.habits import Habits
from simulator.ledger import Ledger
from simulator.movement import Place
from simulator.partner import Body, Partner
from simulator.running import bot_account, keep_running
from simulator.user import User

PAUSE_S = 0.3
OFFER_WITHIN_S = 6.0  # then the probe is cancelled and another is made
RETRY_MAX_S = 0.5  # a longer delay would distort the measured recovery
READY_TIMEOUT_S = 10.0
HOME = Place(40.5130, -74.2390)  # Tottenville: no other bot is within the widest radius
SILENT = Habits(decline=0.0, ignore=1.0, drift_m=10.0, position_every_s=1.0)


@dataclass
class Timeline:
    """The times at which the system worked: pairs of (asked, answered) in `perf_counter` seconds."""

    offers: list[tuple[float, float]] = field(default_factory=list)
    ready: list[tuple[float, float]] = field(default_factory=list)

    def offer_after(self, moment: float) -> float | None:
        """Seconds from `moment` until a probe made after it had its offer."""
        return _first(self.offers, moment)

    def ready_after(self, moment: float) -> float | None:
        """Seconds from `moment` until `/readyz`, asked after it, answered 200."""
        return _first(self.ready, moment)

    def longest_gap_s(self) -> float:
        """The longest time between two probes that had their offers."""
        moments = [answered for _, answered in self.offers]
        return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)


def _first(pairs: list[tuple[float, float]], moment: float) -> float | None:
    return next((answered - moment for asked, answered in pairs if asked >= moment), None)


class SilentPartner(Partner):
    """A partner who passes offers to `on_offer` and never answers them."""

    on_offer: Callable[[str], None] = staticmethod(lambda request_id: None)

    def note_offer(self, offer: Body) -> None:
        super().note_offer(offer)
        self.on_offer(offer["requestId"])


class Probe:
    """A user and a partner at the edge of the city, far from all other bots."""

    def __init__(self, server: str, *, staff_email: str, staff_password: str, secret: str, provider: str = "") -> None:
        self.api = Api(server, retry_max_s=RETRY_MAX_S)
        keyring, self.timeline, ledger = Keyring(None, server), Timeline(), Ledger()
        self.partner = SilentPartner(
            1,
            bot_account(self.api, keyring, kind="probe-partner", number=1, secret=secret),
            staff=Staff(self.api, email=staff_email, password=staff_password),
            start=HOME,
            home=HOME,
            habits=SILENT,
            ledger=ledger,
            errors=self.api.errors,
            rng=Random(1),
        )
        self.user = User(
            bot_account(self.api, keyring, kind="probe-user", number=1, secret=secret),
            ledger=ledger,
            errors=self.api.errors,
            rng=Random(2),
            patience_s=None,
            provider=provider,
        )
        for feed in self.feeds:
            feed.retry_max_s = RETRY_MAX_S
        self._offered: dict[str, float] = {}
        self._heard = asyncio.Event()
        self._served = asyncio.Event()  # set by the first offer
        self.partner.on_offer = self._on_offer
        self._ending = False
        self.unserved = 0  # probes cancelled without an offer
        self._background: list[asyncio.Task[None]] = []

    @property
    def feeds(self) -> list[Feed]:
        return [self.partner.feed, self.user.feed]

    def _on_offer(self, request_id: str) -> None:
        self._offered.setdefault(request_id, time.perf_counter())
        self._heard.set()

    async def start(self) -> None:
        """Start both bots and wait for the first offer."""
        self._background = [
            asyncio.create_task(keep_running(self.partner)),
            asyncio.create_task(self.user.feed.run()),
        ]
        await self.partner.online.wait()
        await self.user.feed.connected.wait()
        self._background += [asyncio.create_task(self._probe()), asyncio.create_task(self._ask_ready())]
        await self._served.wait()

    async def settle(self) -> None:
        """Let the current probe finish, and stop probing."""
        self._ending = True
        await self._background[2]
        self._background[3].cancel()

    async def close(self) -> None:
        """Sign the partner off and stop all tasks."""
        await self.partner.sign_off()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.api.close()

    async def _probe(self) -> None:
        while not self._ending:
            asked = time.perf_counter()
            story = await self.user.ask(HOME)
            if story is None:  # an earlier one is still open
                await self._call_off_open()
                continue
            if await self._wait_for(story.request_id):
                self.timeline.offers.append((asked, self._offered[story.request_id]))
                self._served.set()
            else:
                self.unserved += 1
            await self._call_off(story.request_id)
            await asyncio.sleep(PAUSE_S)

    async def _wait_for(self, request_id: str) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OFFER_WITHIN_S):
                while request_id not in self._offered:
                    self._heard.clear()
                    await self._heard.wait()
        return request_id in self._offered

    async def _call_off(self, request_id: str) -> None:
        await self.user.account.call("POST", f"/cheerRequest/{request_id}/cancel", {}, key=f"off-{request_id}")

    async def _call_off_open(self) -> None:
        answer = await self.user.account.call("GET", "/cheerRequest")
        if answer.ok and answer.body["results"]:
            await self._call_off(answer.body["results"][0]["requestId"])
        await asyncio.sleep(PAUSE_S)

    async def _ask_ready(self) -> None:
        async with httpx.AsyncClient(base_url=self.api.server, timeout=READY_TIMEOUT_S, trust_env=False) as http:
            while True:
                asked = time.perf_counter()
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get("/readyz")).status_code == httpx.codes.OK:
                        self.timeline.ready.append((asked, time.perf_counter()))
                await asyncio.sleep(PAUSE_S)
