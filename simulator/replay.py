"""A replay: simulated users request real pickups from a running server, and simulated partners serve them."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.accounts import Keyring, Staff
from simulator.client import Api
from simulator.crowd import Crowd
from simulator.feed import Feed
from simulator.habits import Habits
from simulator.ledger import Ledger, Story
from simulator.movement import Place
from simulator.partner import Partner
from simulator.pickups import Demand
from simulator.report import Report, Sockets, build
from simulator.running import bot_account, first_of, keep_running, rng_of, sign_off_all, until_ready
from simulator.user import User

log = logging.getLogger(__name__)

ONLINE_WITHIN_S = 300.0
SIGN_OFF_WITHIN_S = 60.0
LAST_EVENTS_S = 10.0  # the server compares its sockets with the log once a second, and may be restarting
ROLL_CALL_AT_ONCE = 8
LAG_SAMPLE_S = 0.05
Progress = Callable[[str, int, int], None]  # arguments: activity, done, total


@dataclass(frozen=True)
class Plan:
    """The settings of a replay."""

    title: str
    server: str
    demands: Sequence[Demand]
    starts: Sequence[Place]  # one place for each partner
    habits: Habits
    seed: int
    secret: str
    staff_email: str
    staff_password: str
    cache: Path | None
    patience_s: float | None = None  # wall seconds until a user gives up
    wait_s: float = 900.0  # longest wait for the last requests to end, wall seconds
    users: int = 0  # number created before the start
    provider: str = ""  # the card provider's address; "": users save no cards
    paid_out: bool = False  # partners open accounts with the provider
    cards: Sequence[str] = ("",)  # the numbers of the users' cards, in turn; "" for one of their own that always pays


@dataclass
class Replay:
    """One run of a plan."""

    plan: Plan
    progress: Progress
    ledger: Ledger = field(default_factory=Ledger)
    sockets: Sockets = field(default_factory=Sockets)

    def __post_init__(self) -> None:
        self.api = Api(self.plan.server)
        self.keyring = Keyring(self.plan.cache, self.plan.server)
        self.partners = self._partners()
        self.crowd = Crowd(self._user)
        self.following: dict[str, User] = {}  # users by request id
        self.background: list[asyncio.Task[None]] = []
        self.finished = False
        self.asking = asyncio.Event()  # set when the requests begin
        self.began = time.monotonic()

    async def run(self, stop: asyncio.Event) -> Report:
        """Replay the plan to its end or until `stop`; returns the report in either case."""
        try:
            await first_of(stop, asyncio.create_task(self.play()))
        finally:
            await self.api.close()
        return build(
            self.ledger,
            title=self.plan.title,
            speed=self.plan.habits.speed,
            wall_s=time.monotonic() - self.began,
            pickups=len(self.plan.demands),
            sockets=self.sockets,
            errors=self.api.errors,
            interrupted=not self.finished,
        )

    async def play(self) -> None:
        """Start the partners, make each pickup's request at its time, wait for the ends and compare with the server."""
        try:
            self.progress("waiting for the server", 0, 1)
            await until_ready(self.api)
            await self.bring_partners()
            await self.make_users()
            self._in_background(self.measure_lag())
            self.began = time.monotonic()
            self.asking.set()
            requests = await self.ask_all()
            await self.drain(requests)
            await self.roll_call()
            await sign_off_all(self.partners, SIGN_OFF_WITHIN_S)  # so that they get no more offers
            self.finished = True
        finally:
            self.count_gaps()
            if not self.finished:
                await sign_off_all(self.partners)
            for task in self.background:
                task.cancel()
            await asyncio.gather(*self.background, self.crowd.close(), return_exceptions=True)

    # ------------------------------------------------------------ participants

    def _partners(self) -> list[Partner]:
        staff = Staff(self.api, email=self.plan.staff_email, password=self.plan.staff_password)
        return [
            Partner(
                number,
                bot_account(self.api, self.keyring, kind="replay-partner", number=number, secret=self.plan.secret),
                staff=staff,
                start=start,
                home=None,
                habits=self.plan.habits,
                ledger=self.ledger,
                errors=self.api.errors,
                rng=rng_of(self.plan.seed, "partner", number),
                paid_out=self.plan.paid_out,
            )
            for number, start in enumerate(self.plan.starts, 1)
        ]

    async def bring_partners(self) -> None:
        """Start the partners and wait, at most `ONLINE_WITHIN_S`, until all are online or refused."""
        works = [self._in_background(keep_running(partner)) for partner in self.partners]
        end = time.monotonic() + ONLINE_WITHIN_S
        while time.monotonic() < end:
            there = sum(p.online.is_set() or w.done() for p, w in zip(self.partners, works, strict=True))
            self.progress("partners go online", there, len(works))
            if there == len(works):
                break
            await asyncio.sleep(0.2)
        self.progress("partners go online", len(works), len(works))

    async def make_users(self) -> None:
        """Create users ahead of time, so that their sign-ups don't slow down the replay."""
        coming = [asyncio.create_task(self.crowd.take()) for _ in range(self.plan.users)]
        for count, made in enumerate(asyncio.as_completed(coming), 1):
            await made
            self.progress("users sign in", count, len(coming))
        for user in (task.result() for task in coming):
            if user is not None:
                self.crowd.give_back(user)

    def _user(self, number: int) -> User:
        return User(
            bot_account(self.api, self.keyring, kind="replay-user", number=number, secret=self.plan.secret),
            ledger=self.ledger,
            errors=self.api.errors,
            rng=rng_of(self.plan.seed, "user", number),
            patience_s=self.plan.patience_s,
            provider=self.plan.provider,
            card=self.plan.cards[number % len(self.plan.cards)],
        )

    # ------------------------------------------------------------ requests

    async def ask_all(self) -> list["asyncio.Task[None]"]:
        """Make each pickup's request at its time; returns the tasks that follow the requests."""
        tasks: list[asyncio.Task[None]] = []
        for demand in self.plan.demands:
            due = self.began + demand.at_s / self.plan.habits.speed
            while (left := due - time.monotonic()) > 0:
                await asyncio.sleep(min(left, 1.0))
                self.progress(self._standing(), len(tasks), len(self.plan.demands))
            tasks.append(self._in_background(self.one(demand.place)))
        return tasks

    async def one(self, place: Place) -> None:
        """Make one request and follow it to its end."""
        user = await self.crowd.take()
        if user is None:
            self.ledger.refused["no user could be had"] += 1
            return
        story = await user.ask(place)
        if story is not None:
            self.following[story.request_id] = user
            await user.follow(story)
        self.crowd.give_back(user)

    async def drain(self, requests: list["asyncio.Task[None]"]) -> None:
        """Wait until every request has ended, at most `wait_s` seconds."""
        end = time.monotonic() + self.plan.wait_s
        waiting: set[asyncio.Task[None]] = set(requests)
        while waiting and time.monotonic() < end:
            _, waiting = await asyncio.wait(waiting, timeout=1.0)
            self.progress(self._standing(), len(requests), len(requests))
        for request in requests:
            if request.done() and not request.cancelled() and (error := request.exception()):
                log.error("a user has stumbled", exc_info=error)
        await asyncio.gather(*(self.following[story.request_id].look(story) for story in self.ledger.open))

    def _standing(self) -> str:
        return f"requests made; {len(self.ledger.open)} open, {len(self.crowd.users)} users"

    # ------------------------------------------------------------ checking

    async def measure_lag(self) -> None:
        """Sample how late this process wakes up, because the measured latencies include it."""
        while True:
            due = time.perf_counter() + LAG_SAMPLE_S
            await asyncio.sleep(LAG_SAMPLE_S)
            self.ledger.lags_s.append(time.perf_counter() - due)

    async def roll_call(self) -> None:
        """Compare each socket's events with the server's log, and each ended request's status with the server's."""
        gate = asyncio.Semaphore(ROLL_CALL_AT_ONCE)

        async def check(feed: Feed) -> None:
            async with gate:
                undelivered = await feed.undelivered(within_s=LAST_EVENTS_S)
            self.sockets.unasked += undelivered is None
            self.sockets.undelivered += undelivered or 0

        async def compare(story: Story) -> None:
            async with gate:
                self.ledger.differing += not await self.following[story.request_id].agrees(story)

        await asyncio.gather(*(check(feed) for feed in self._feeds()))
        await asyncio.gather(*(compare(story) for story in self.ledger.asked if story.final))

    def count_gaps(self) -> None:
        """Add up the gaps, repetitions and reconnections of all sockets."""
        for feed in self._feeds():
            self.sockets.count += 1
            self.sockets.missing += feed.numbering.missing
            self.sockets.repeated += feed.numbering.repeated
            self.sockets.reconnections += feed.reconnections

    def _feeds(self) -> list[Feed]:
        feeds = [*(partner.feed for partner in self.partners), *(user.feed for user in self.crowd.users)]
        return [feed for feed in feeds if feed.numbering.last is not None]

    def _in_background(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self.background.append(task)
        return task
