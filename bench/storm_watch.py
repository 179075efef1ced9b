"""Watches over a storm: what sockets that were open before it, callers and offers notice of it."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import httpx
from websockets.sync.client import connect

from bench.dispatch_runs import CENTRE, OFFER_WITHIN_S, Arrivals, Partner, keyed
from bench.program import Program

START_S = 60.0
PING_EVERY_S, ASK_EVERY_S, REQUEST_EVERY_S = 0.05, 0.1, 0.1
PLACE = {"lat": CENTRE[0], "lng": CENTRE[1]}


@dataclass
class Watch:
    """Times the answers to a socket that was open before the storm, to `/healthz`, and to requests for a cheer.

    Requests go to the program's own HTTP; the partner who is offered them is at the process of the storm.
    """

    program: Program  # with the sockets of the process of the storm
    path: str
    token: str
    partner: str  # the token of a partner, and of a user
    user: str
    pings_s: list[float] = field(default_factory=list)
    answers_s: list[float] = field(default_factory=list)
    offers_s: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch in threads until the block ends."""
        ready = threading.Barrier(3, timeout=START_S)
        threads = [
            threading.Thread(target=self._ping, args=[ready]),
            threading.Thread(target=self._ask),
            threading.Thread(target=lambda: asyncio.run(self._request(ready))),
        ]
        for thread in threads:
            thread.start()
        ready.wait()
        yield
        self.over.set()
        for thread in threads:
            thread.join()

    def forget(self) -> None:
        """Leave out what was measured until now."""
        for times in (self.pings_s, self.answers_s, self.offers_s):
            times.clear()

    def _ping(self, ready: threading.Barrier) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with connect(self.program.ws_url + self.path, additional_headers=headers, compression=None) as link:
            link.recv()
            ready.wait()
            while not self.over.wait(PING_EVERY_S):
                begun = time.perf_counter()
                link.send('{"type":"ping"}')
                while json.loads(link.recv(timeout=30))["type"] != "pong":
                    pass
                self.pings_s.append(time.perf_counter() - begun)

    def _ask(self) -> None:
        address = self.program.ws_url.replace("ws", "http", 1)
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            while not self.over.wait(ASK_EVERY_S):
                begun = time.perf_counter()
                client.get("/healthz")
                self.answers_s.append(time.perf_counter() - begun)

    async def _request(self, ready: threading.Barrier) -> None:
        arrivals = Arrivals()
        partner = Partner(self.program, self.partner, arrivals, answers=False)
        await partner.connect(dict(PLACE))
        listening = asyncio.create_task(partner.listen())
        await asyncio.to_thread(ready.wait)
        headers = {"Authorization": f"Bearer {self.user}"}
        async with aiohttp.ClientSession(self.program.url, headers=headers) as http:
            while not self.over.is_set():
                self.offers_s.append(await self._one_offer(http, partner, arrivals))
                await partner.send(type="location", location=PLACE)
                await asyncio.sleep(REQUEST_EVERY_S)
        await partner.send(type="status", status="offline")
        listening.cancel()
        await partner.socket.close()

    async def _one_offer(self, http: aiohttp.ClientSession, partner: Partner, arrivals: Arrivals) -> float:
        """Request a cheer and call it off once it has been offered. Returns the seconds to its frame."""
        partner.rescinded.clear()
        begun = time.perf_counter()
        async with http.post("/cheerRequest", json={"location": PLACE}, headers=keyed()) as answer:
            answer.raise_for_status()
            request_id = (await answer.json())["requestId"]
        async with asyncio.timeout(OFFER_WITHIN_S):
            took_s = await arrivals.of(request_id) - begun
        async with http.post(f"/cheerRequest/{request_id}/cancel", json={}, headers=keyed()) as answer:
            answer.raise_for_status()
        async with asyncio.timeout(OFFER_WITHIN_S):
            await partner.rescinded.wait()
        return took_s
