"""Live pages of staff that stay open while parts are killed, and what they show at the end."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db import connections

from core import clock
from drill.lines import Line, equal
from ops.live.counts import Counts, live_counts
from simulator.accounts import Account, Keyring
from simulator.client import Api
from simulator.feed import Feed, Frame

PATH = "/staff/notification"
RETRY_MAX_S = 2.0
WITHIN_S = 15.0  # of the end of the load, a page has to show what there is
LOOK_EVERY_S = 0.5
COMPARED = ("requests", "partners", "rides", "deadLetters", "applications", "unpaid")


@dataclass(frozen=True)
class Shown:
    """How many pages there were, how many of them showed the counts of the database, and how often they came back."""

    pages: int
    right: int
    returns: int


class StaffAccount(Account):
    """The seeded account of staff."""

    async def _sign_up(self) -> None:
        """It exists."""


class StaffPage:
    """One page: it keeps the counts of each region that it was told last."""

    def __init__(self, account: Account, number: int, errors: Counter[str]) -> None:
        self.counts: dict[str, Counts] = {}
        self.feed = Feed(account, PATH, on_frame=self._take, errors=errors, rng=Random(number), device=f"page-{number}")
        self.feed.retry_max_s = RETRY_MAX_S

    def _take(self, frame: Frame) -> None:
        if frame["type"] == "hello":
            self.counts = dict(frame["live"]["now"])
        elif frame["type"] == "now":
            self.counts[frame["region"]] = frame["counts"]

    def shows(self, counts: dict[str, Counts]) -> bool:
        """Whether it shows these counts."""
        return compared(self.counts) == compared(counts)


class StaffPages:
    """Pages of one member of staff, each with its own socket, which comes back as a page's does."""

    def __init__(self, server: str, count: int, *, staff_email: str, staff_password: str) -> None:
        self.api = Api(server)
        account = StaffAccount(
            self.api, Keyring(None, server), email=staff_email, name="Staff", password=staff_password
        )
        self.pages = [StaffPage(account, number, self.api.errors) for number in range(count)]
        self._running: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open all pages and wait until each is connected. Raises `Refused` if the account can't sign in."""
        self._running = [asyncio.create_task(page.feed.run()) for page in self.pages]
        for page, running in zip(self.pages, self._running, strict=True):
            connected = asyncio.create_task(page.feed.connected.wait())
            await asyncio.wait([connected, running], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                connected.cancel()
                running.result()

    async def look(self) -> Shown:
        """Compare them with the database until all are right, for `WITHIN_S` at most."""
        until = time.perf_counter() + WITHIN_S
        while True:
            counts = await asyncio.to_thread(_counts)
            right = sum(page.shows(counts) for page in self.pages)
            if right == len(self.pages) or time.perf_counter() > until:
                return Shown(len(self.pages), right, sum(page.feed.reconnections for page in self.pages))
            await asyncio.sleep(LOOK_EVERY_S)

    async def close(self) -> None:
        """Close all pages."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.api.close()


def compared(counts: dict[str, Counts]) -> dict[str, dict[str, Any]]:
    """Return the counts that are compared, without the regions in which nothing is."""
    found = {slug: {name: each[name] for name in COMPARED if each.get(name)} for slug, each in counts.items()}
    return {slug: each for slug, each in found.items() if each}


def _counts() -> dict[str, Counts]:
    try:
        return live_counts(clock.now())
    finally:
        connections.close_all()


def measures(shown: Shown | None) -> list[Line]:
    """The lines of the table."""
    if shown is None:
        return []
    return [
        equal("staff pages / showing what is held", shown.pages, shown.right),
        Line("  came back", str(shown.returns)),
    ]
