"""A simulated user with a phone, who makes one request at a time and follows it to its end."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import uuid4

from simulator.accounts import Account
from simulator.cards import save_card
from simulator.feed import Feed, Frame
from simulator.ledger import FINAL, GONE, Ledger, Story
from simulator.movement import Place

log = logging.getLogger(__name__)

PATH = "/user/notification"
ASK_AGAIN_EVERY_S = 60.0  # how often a waiting user polls, in case the socket missed something
EVENT_WITHIN_S = 2.0  # how far the socket may lag behind an answer
NOT_FOUND = 404


class User:
    """One bot.

    Args:
        patience_s: wall seconds without an arrival after which it cancels; None leaves giving up to the server.
        provider: address of the card provider's test mode, if the server requires a card; else "".
        card: the number of its test card; "" for one of its own that always pays.
    """

    def __init__(
        self,
        account: Account,
        *,
        ledger: Ledger,
        errors: Counter[str],
        rng: Random,
        patience_s: float | None,
        provider: str = "",
        card: str = "",
    ) -> None:
        self.account, self.ledger, self.patience_s = account, ledger, patience_s
        self.provider, self.card, self.has_card = provider, card, False
        self.leftover: str | None = None  # a request of an earlier run that is still open
        self.unsure = False  # the last connection was not resumed, so what we know of our request may be no longer true
        self.changed = asyncio.Event()
        self.feed = Feed(account, PATH, on_frame=self.on_frame, errors=errors, rng=rng)

    # ------------------------------------------------------------ frames

    def on_frame(self, frame: Frame) -> None:
        """Record a frame."""
        now = time.perf_counter()
        if frame["type"] == "hello":
            request = frame["request"]
            known = request is None or request["requestId"] in self.ledger.stories
            self.leftover = None if known else request["requestId"]
            if not frame["resumed"]:
                self.unsure = True
                if known and request is not None:
                    self.note(request, now)
        elif frame["type"] == "request.updated":
            self.note(frame["request"], now)
        elif frame["type"] == "ride.updated" and frame["ride"]["status"] == "in_progress":
            story = self.ledger.story(frame["ride"]["requestId"])
            story.arrived_at = story.arrived_at or now
        self.changed.set()

    def note(self, request: dict[str, Any], now: float) -> None:
        """Record the state of a request."""
        self.ledger.story(request["requestId"]).told(
            request["status"], attempts=request["attempts"], reason=request["reason"], now=now
        )

    # ------------------------------------------------------------ requests

    async def clear(self) -> bool:
        """Cancel a request that an earlier run has left open; returns whether the user can make a new one."""
        if self.leftover is None:
            return True
        answer = await self.account.call("POST", f"/cheerRequest/{self.leftover}/cancel", {})
        if answer.code == "ride_in_progress":  # it ends by itself; other users can make requests meanwhile
            return False
        self.leftover = None
        return True

    async def ask(self, place: Place) -> Story | None:
        """Make a request; returns None and counts the refusal in the ledger if the server rejects it."""
        if self.provider and not self.has_card:
            await save_card(self.account, self.provider, self.card)
            self.has_card = True
        body = {"location": place.as_json(), "requestType": "classic", "note": "somebody simulated"}
        sent_at = time.perf_counter()
        answer = await self.account.call("POST", "/cheerRequest", body, key=f"ask-{uuid4()}")
        if not answer.ok:
            self.ledger.refused[answer.code] += 1
            self.has_card = self.has_card and answer.code != "card_required"  # a failover may have lost it
            return None
        story = self.ledger.story(answer.body["requestId"])
        story.sent_at = sent_at
        return story

    async def follow(self, story: Story) -> None:
        """Wait for the request's end; the user gives up if their patience runs out before the arrival."""
        if self.patience_s is not None and not await self._until(lambda: _underway(story), self.patience_s):
            story.given_up = True
            await self.account.call("POST", f"/cheerRequest/{story.request_id}/cancel", {"reason": "waited too long"})
        while not story.final:
            await self._until(lambda: story.final or self.unsure, ASK_AGAIN_EVERY_S)
            self.unsure = False
            if not story.final:
                await self.look(story)

    async def look(self, story: Story) -> None:
        """Poll the request, as a phone does when it is opened, and record an end that the socket didn't report."""
        answer = await self.account.call("GET", f"/cheerRequest/{story.request_id}")
        if answer.status == NOT_FOUND:
            story.told(GONE, attempts=0, reason=None, now=time.perf_counter())
        if not answer.ok or answer.body["status"] == story.status:
            return
        await asyncio.sleep(EVENT_WITHIN_S)
        status, attempts, reason = (answer.body[name] for name in ("status", "attempts", "reason"))
        if status in FINAL and not story.final:
            self.ledger.polled += 1
            story.told(status, attempts=attempts, reason=reason, now=time.perf_counter())

    async def agrees(self, story: Story) -> bool:
        """Whether the request's status on the server is the one that the user was sent."""
        answer = await self.account.call("GET", f"/cheerRequest/{story.request_id}")
        if story.status == GONE:
            return answer.status == NOT_FOUND
        return answer.ok and answer.body["status"] == story.status

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait at most `seconds` for a condition; returns whether it is true."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        return condition()


def _underway(story: Story) -> bool:
    return story.final or story.arrived_at is not None
