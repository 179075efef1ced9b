"""Users with a phone: each asks for one cheer at a time, follows it to its end, and is then free to ask again."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from uuid import uuid4

from simulator.accounts import Account
from simulator.cards import save_card
from simulator.feed import Feed, Frame
from simulator.ledger import FINAL, Ledger, Story
from simulator.movement import Place

log = logging.getLogger(__name__)

PATH = "/user/notification"
ASK_AGAIN_EVERY_S = 60.0  # how often a patient user looks for themselves; the socket should have told
EVENT_WITHIN_S = 2.0  # how long the socket may lag behind an answer


class User:
    """One bot. `patience_s` wall seconds without an arrival make it give up; None leaves that to the server.

    `provider`: where the card provider's test mode is, for a server that wants a card before the first cheer.
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
    ) -> None:
        self.account, self.ledger, self.patience_s = account, ledger, patience_s
        self.provider, self.has_card = provider, False
        self.leftover: str | None = None  # a request of an earlier run that is still open
        self.changed = asyncio.Event()
        self.feed = Feed(account, PATH, on_frame=self.on_frame, errors=errors, rng=rng)

    # ------------------------------------------------------------ what the socket says

    def on_frame(self, frame: Frame) -> None:
        """Take an event."""
        now = time.perf_counter()
        if frame["type"] == "hello":
            request = frame["request"]
            known = request is None or request["requestId"] in self.ledger.stories
            self.leftover = None if known else request["requestId"]
        elif frame["type"] == "request.updated":
            request = frame["request"]
            self.ledger.story(request["requestId"]).told(
                request["status"], attempts=request["attempts"], reason=request["reason"], now=now
            )
        elif frame["type"] == "ride.updated" and frame["ride"]["status"] == "in_progress":
            story = self.ledger.story(frame["ride"]["requestId"])
            story.arrived_at = story.arrived_at or now
        self.changed.set()

    # ------------------------------------------------------------ asking

    async def clear(self) -> bool:
        """Call off what an earlier run has left open. Whether this user can ask now."""
        if self.leftover is None:
            return True
        answer = await self.account.call("POST", f"/cheerRequest/{self.leftover}/cancel", {})
        if answer.code == "ride_in_progress":  # it can only be waited for, and others can ask meanwhile
            return False
        self.leftover = None
        return True

    async def ask(self, place: Place) -> Story | None:
        """Ask for a cheer; None where the server says no, which the ledger then holds."""
        if self.provider and not self.has_card:
            await save_card(self.account, self.provider)
            self.has_card = True
        body = {"location": place.as_json(), "requestType": "classic", "note": "somebody simulated"}
        sent_at = time.perf_counter()
        answer = await self.account.call("POST", "/cheerRequest", body, key=f"ask-{uuid4()}")
        if not answer.ok:
            self.ledger.refused[answer.code] += 1
            return None
        story = self.ledger.story(answer.body["requestId"])
        story.sent_at = sent_at
        return story

    async def follow(self, story: Story) -> None:
        """Wait for the request's end."""
        if self.patience_s is not None and not await self._until(lambda: _underway(story), self.patience_s):
            story.given_up = True
            await self.account.call("POST", f"/cheerRequest/{story.request_id}/cancel", {"reason": "waited too long"})
        while not await self._until(lambda: story.final, ASK_AGAIN_EVERY_S):
            await self.look(story)

    async def look(self, story: Story) -> None:
        """Ask how the request stands, as a phone does when it is opened."""
        answer = await self.account.call("GET", f"/cheerRequest/{story.request_id}")
        if not answer.ok or answer.body["status"] == story.status:
            return
        await asyncio.sleep(EVENT_WITHIN_S)
        status, attempts, reason = (answer.body[name] for name in ("status", "attempts", "reason"))
        if status in FINAL and not story.final:
            self.ledger.polled += 1
            story.told(status, attempts=attempts, reason=reason, now=time.perf_counter())

    async def agrees(self, story: Story) -> bool:
        """Whether the server holds the request as this user was told."""
        answer = await self.account.call("GET", f"/cheerRequest/{story.request_id}")
        return answer.ok and answer.body["status"] == story.status

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, at most so long; whether it has come about."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        return condition()


def _underway(story: Story) -> bool:
    return story.final or story.arrived_at is not None
