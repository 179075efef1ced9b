"""A partner with a phone: goes online, reports positions, answers offers, drives, cheers, and goes on."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from simulator.accounts import Account, Staff
from simulator.feed import Feed, Frame
from simulator.habits import Answer, Habits
from simulator.ledger import Ledger
from simulator.movement import Leg, Place, distance_m, drive_s, near

log = logging.getLogger(__name__)

PATH = "/partner/notification"
CHECK_EVERY_S = 60.0  # how often a bot makes sure that it is online
FORGOTTEN_AFTER_S = 120.0  # an offer of which nothing is heard any more
HOME_RANGE_M = 3000.0  # who is farther away drifts home
WANDER_SPEED = 0.5  # of city speed
TYPES = ("cheerleader", "coach", "musician", "mascot")

Body = dict[str, Any]


class Partner:
    """One bot. `home` keeps its drifting near a place; without it the bot drifts around where it is."""

    def __init__(
        self,
        number: int,
        account: Account,
        *,
        staff: Staff,
        start: Place,
        home: Place | None,
        habits: Habits,
        ledger: Ledger,
        errors: Counter[str],
        rng: Random,
    ) -> None:
        self.number, self.account, self.staff = number, account, staff
        self.home, self.habits, self.ledger, self.rng = home, habits, ledger, rng
        self.leg = Leg.standing(start)
        self.offer: Body | None = None
        self.ride: Body | None = None
        self.places: dict[str, Place] = {}  # of the request that is offered or served, by its id
        self.changed = asyncio.Event()
        self.online = asyncio.Event()  # once it has gone to work for the first time
        self.leaving = False
        self.feed = Feed(account, PATH, on_frame=self.on_frame, errors=errors, rng=rng)

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Work until cancelled. Raises `Refused` where the account can't be had."""
        await self.enrol()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run())
            tasks.create_task(self.report_positions())
            tasks.create_task(self.stay_online())
            tasks.create_task(self.work())

    async def enrol(self) -> None:
        """Have an account that may work as a partner. Raises `Refused`."""
        partner = (await self.account.call("GET", "/me")).body["partner"]
        if partner is None:
            body = {
                "name": self.account.name,
                "type": TYPES[self.number % len(TYPES)],
                "phone": f"+1 212 555 {self.number:04}",
            }
            answer = await self.account.call("POST", "/partner/apply", body, key=f"apply-{self.account.email}")
            partner = answer.body if answer.ok else (await self.account.call("GET", "/me")).body["partner"]
        if partner["application"] == "applied":  # who was rejected or suspended is so for a reason
            await self.staff.approve(partner["partnerId"])

    async def stay_online(self) -> None:
        """Go online at the start, and again where something has taken us off: a restart, or staff."""
        while True:
            await self.feed.connected.wait()
            answer = await self.account.call("GET", "/me")
            if self.leaving:
                return
            if answer.ok and answer.body["partner"]["status"] == "offline":
                answer = await self.account.call("POST", "/partner/status", {"status": "available"})
            if answer.ok:
                self.online.set()
            await asyncio.sleep(CHECK_EVERY_S * self.rng.uniform(0.8, 1.2))

    async def sign_off(self) -> None:
        """Go offline, so that nobody waits for an answer from us. A ride under way keeps us online."""
        self.leaving = True
        if self.feed.connected.is_set() and self.ride is None:
            await self.account.call("POST", "/partner/status", {"status": "offline"})

    # ------------------------------------------------------------ moving

    def here(self) -> Place:
        """Where the partner is now."""
        return self.leg.at(time.monotonic())

    async def report_positions(self) -> None:
        """Tell the server where we are, drifting while there is nothing to do."""
        await asyncio.sleep(self.rng.uniform(0, self.habits.position_every_s / 2))
        drift_at = 0.0
        while True:
            now = time.monotonic()
            if self.ride is None and now >= max(self.leg.until, drift_at):
                self.drift(now)
                drift_at = self.leg.until + self.habits.pausing(self.rng)
            await self.feed.send(
                {"type": "location", "location": self.here().as_json(), "recordedAt": datetime.now(UTC).isoformat()}
            )
            await asyncio.sleep(self.habits.position_every_s * self.rng.uniform(0.9, 1.1))

    def drift(self, now: float) -> None:
        """Set out for somewhere near, or for home."""
        here = self.leg.at(now)
        astray = self.home is not None and distance_m(here, self.home) > HOME_RANGE_M
        goal = near(self.home if astray and self.home else here, self.habits.drift_m, self.rng)
        self.leg = Leg(here, goal, now, drive_s(here, goal, speed=self.habits.speed * WANDER_SPEED))

    # ------------------------------------------------------------ what the socket says

    def on_frame(self, frame: Frame) -> None:
        """Take an event. What is to be done about it, `work` does."""
        kind = frame["type"]
        if kind == "hello":
            self.take_over(frame)
        elif kind == "offer":
            self.ledger.offered(frame["offer"]["requestId"], time.perf_counter())
            self.note_offer(frame["offer"])
        elif kind == "offer.rescinded":
            self.on_rescinded(frame)
        elif kind == "ride.updated":
            self.note_ride(frame["ride"])
        self.changed.set()

    def take_over(self, hello: Frame) -> None:
        """The present state, as the server has it."""
        self.ride = self.offer = None
        for offer in hello["offers"]:
            self.note_offer(offer)
        if hello["ride"] is not None:
            self.note_ride(hello["ride"])

    def note_offer(self, offer: Body) -> None:
        """An offer is ours to answer."""
        self.offer = offer
        self.places[offer["requestId"]] = Place(**offer["location"])

    def on_rescinded(self, frame: Frame) -> None:
        """An offer is no longer ours to answer."""
        self.ledger.offers["expired" if frame["reason"] == "expired" else "withdrawn"] += 1
        if self.offer is not None and self.offer["offerId"] == frame["offerId"]:
            self.offer = None
            self.say("an offer has ended: %s", frame["reason"])

    def note_ride(self, ride: Body) -> None:
        """Our ride is on, or over."""
        if ride["status"] in ("en_route", "in_progress"):
            self.ride = ride
            self.offer = None
        elif self.ride is not None and self.ride["rideId"] == ride["rideId"]:
            self.ride = None

    # ------------------------------------------------------------ working

    async def work(self) -> None:
        """See to the offer or the ride in hand, one after another."""
        while True:
            if self.ride is not None:
                await self.carry_out(self.ride["rideId"])
            elif self.offer is not None:
                await self.consider(self.offer)
            else:
                self.places.clear()
                await self.wait(lambda: self.ride is None and self.offer is None, None)

    async def wait(self, still: Callable[[], bool], seconds: float | None) -> bool:
        """Wait so long, as long as `still` holds (without a limit if None). Whether it holds at the end."""
        end = None if seconds is None else time.monotonic() + seconds
        while still():
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return True
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.changed.wait()
        return False

    async def consider(self, offer: Body) -> None:
        """Think about an offer, and answer it or let it lapse."""

        def still() -> bool:
            return self.offer is not None and self.offer["offerId"] == offer["offerId"]

        choice = self.habits.answer(self.rng)
        if not await self.wait(still, self.habits.thinking(self.rng)):
            return
        if choice is Answer.IGNORE:
            self.ledger.offers["ignored"] += 1
            await self.wait(still, FORGOTTEN_AFTER_S)
        elif choice is Answer.DECLINE:
            await self.decline(offer)
        else:
            await self.accept(offer)
        if still():
            self.offer = None

    async def decline(self, offer: Body) -> None:
        """Say no."""
        body = {"offerId": offer["offerId"], "reason": "not now"}
        answer = await self.account.call("POST", "/rideDecline", body, key=f"decline-{offer['offerId']}")
        self.ledger.offers["declined" if answer.ok else "too late"] += 1
        self.say("declined an offer" if answer.ok else f"could not decline: {answer.code}")

    async def accept(self, offer: Body) -> None:
        """Say yes."""
        body = {"offerId": offer["offerId"]}
        answer = await self.account.call("POST", "/rideAccept", body, key=f"accept-{offer['offerId']}")
        self.ledger.offers["accepted" if answer.ok else "too late"] += 1
        if answer.ok:
            self.ledger.pickup_m.append(offer["distanceM"])
            self.ledger.rides[answer.body["rideId"]] = answer.body["requestId"]
            self.note_ride(answer.body)
            self.say("accepted an offer %d m away", offer["distanceM"])
        else:
            self.say("came too late for an offer: %s", answer.code)

    async def carry_out(self, ride_id: str) -> None:
        """Drive, start, cheer, end."""

        def still() -> bool:
            return self.ride is not None and self.ride["rideId"] == ride_id

        ride = self.ride
        if ride is None or (ride["status"] == "en_route" and not await self.arrive(ride, still)):
            return
        self.leg = Leg.standing(await self.place_of(ride["requestId"]))
        if not await self.wait(still, self.habits.serving(self.rng)):
            self.say("a ride was ended by somebody else")
            return
        answer = await self.account.call("POST", "/rideEnd", {"rideId": ride_id}, key=f"end-{ride_id}")
        if answer.ok:
            self.ledger.fares[ride_id] = answer.body["fare"]["amount"]
        self.say("completed a session" if answer.ok else f"could not end a session: {answer.code}")
        if still():
            self.ride = None

    async def arrive(self, ride: Body, still: Callable[[], bool]) -> bool:
        """Drive there and start the session. False where the ride is over before."""
        ride_id, now = ride["rideId"], time.monotonic()
        there = await self.place_of(ride["requestId"])
        here = self.leg.at(now)
        self.leg = Leg(here, there, now, self.habits.driving(here, there))
        if not await self.wait(still, self.leg.until - time.monotonic()):
            self.leg = Leg.standing(self.here())
            self.say("a ride was called off on the way")
            return False
        answer = await self.account.call("POST", "/rideStart", {"rideId": ride_id}, key=f"start-{ride_id}")
        if answer.ok or answer.code == "ride_already_started":
            self.say("arrived")
            return True
        self.say("could not start a session: %s", answer.code)
        if answer.code in ("wrong_pin", "pin_locked"):
            body = {"rideId": ride_id, "reason": "A bot can't read the PIN."}
            await self.account.call("POST", "/rideCancel", body, key=f"cancel-{ride_id}")
        if still():
            self.ride = None
        return False

    async def place_of(self, request_id: str) -> Place:
        """Where a request is: from its offer, or asked for after a new start. Stays here where it is no longer told."""
        if request_id not in self.places:
            answer = await self.account.call("GET", f"/cheerRequest/{request_id}")
            if not answer.ok:
                return self.here()
            self.places[request_id] = Place(**answer.body["location"])
        return self.places[request_id]

    def say(self, text: str, *values: object) -> None:
        """One line for the log. Numbers name the bots; nothing names a person or a place."""
        log.info("partner %d: " + text, self.number, *values)  # noqa: G003
