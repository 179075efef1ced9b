"""A simulated partner with a phone, who goes online, reports positions, answers offers, drives and cheers."""

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
from simulator.arriving import report_arrival
from simulator.feed import Feed, Frame
from simulator.habits import Answer, Habits
from simulator.ledger import Ledger
from simulator.movement import Leg, Place, distance_m, drive_s, near
from simulator.payout_account import open_payout_account

log = logging.getLogger(__name__)

PATH = "/partner/notification"
CHECK_EVERY_S = 60.0  # how often a bot checks that it is online
FORGOTTEN_AFTER_S = 120.0  # how long a bot waits for the end of an offer that it ignores
HOME_RANGE_M = 3000.0  # a bot farther away than this drifts home
WANDER_SPEED = 0.5  # of city speed
TYPES = ("cheerleader", "coach", "musician", "mascot")

Body = dict[str, Any]


class Partner:
    """One bot, which drifts near `home` while idle, or without one from wherever it is; `paid_out` by the provider."""

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
        paid_out: bool = False,
    ) -> None:
        self.number, self.account, self.staff, self.paid_out = number, account, staff, paid_out
        self.home, self.habits, self.ledger, self.rng = home, habits, ledger, rng
        self.leg = Leg.standing(start)
        self.offer: Body | None = None
        self.ride: Body | None = None
        self.places: dict[str, Place] = {}  # place of the request offered or served, by request id
        self.changed = asyncio.Event()
        self.online = asyncio.Event()  # set when it has first gone online
        self.leaving = False
        self.feed = Feed(account, PATH, on_frame=self.on_frame, errors=errors, rng=rng)

    # ------------------------------------------------------------ coming and going

    async def run(self) -> None:
        """Work until cancelled. Raises `Refused` if the account can't be used."""
        await self.enrol()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run())
            tasks.create_task(self.report_positions())
            tasks.create_task(self.stay_online())
            tasks.create_task(self.work())

    async def enrol(self) -> None:
        """Apply as a partner and get approved, unless the account already is. Raises `Refused`."""
        partner = (await self.account.call("GET", "/me")).body["partner"]
        if partner is None:
            body = {
                "name": self.account.name,
                "type": TYPES[self.number % len(TYPES)],
                "phone": f"+1 212 555 {self.number:04}",
            }
            answer = await self.account.call("POST", "/partner/apply", body, key=f"apply-{self.account.email}")
            partner = answer.body if answer.ok else (await self.account.call("GET", "/me")).body["partner"]
        if partner["application"] == "applied":  # a rejection or suspension is left as it is
            await self.staff.approve(partner["partnerId"])
        if self.paid_out:
            await open_payout_account(self.account)

    async def stay_online(self) -> None:
        """Go online at the start, and again after a restart or staff has taken the bot offline."""
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
        """Go offline, so that the bot gets no more offers. A bot on a ride stays online."""
        self.leaving = True
        if self.feed.connected.is_set() and self.ride is None:
            await self.account.call("POST", "/partner/status", {"status": "offline"})

    # ------------------------------------------------------------ moving

    def here(self) -> Place:
        """The partner's present place."""
        return self.leg.at(time.monotonic())

    async def report_positions(self) -> None:
        """Report positions until cancelled, and drift while idle."""
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
        """Start moving to a random place nearby, or near home if the bot has strayed."""
        here = self.leg.at(now)
        astray = self.home is not None and distance_m(here, self.home) > HOME_RANGE_M
        goal = near(self.home if astray and self.home else here, self.habits.drift_m, self.rng)
        self.leg = Leg(here, goal, now, drive_s(here, goal, speed=self.habits.speed * WANDER_SPEED))

    # ------------------------------------------------------------ frames

    def on_frame(self, frame: Frame) -> None:
        """Record a frame; `work` acts on it."""
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
        """Replace the offer and the ride with those of a hello frame."""
        self.ride = self.offer = None
        for offer in hello["offers"]:
            self.note_offer(offer)
        if hello["ride"] is not None:
            self.note_ride(hello["ride"])

    def note_offer(self, offer: Body) -> None:
        """Record an offer for this bot to answer."""
        self.offer = offer
        self.places[offer["requestId"]] = Place(**offer["location"])

    def on_rescinded(self, frame: Frame) -> None:
        """Record that an offer has been rescinded or has lapsed."""
        self.ledger.offers["expired" if frame["reason"] == "expired" else "rescinded"] += 1
        if self.offer is not None and self.offer["offerId"] == frame["offerId"]:
            self.offer = None
            self.say("an offer has ended: %s", frame["reason"])

    def note_ride(self, ride: Body) -> None:
        """Record that the bot's ride has started, changed or ended."""
        if ride["status"] in ("en_route", "in_progress"):
            self.ride = ride
            self.offer = None
        elif self.ride is not None and self.ride["rideId"] == ride["rideId"]:
            self.ride = None

    # ------------------------------------------------------------ working

    async def work(self) -> None:
        """Handle rides and offers, one after another, until cancelled."""
        while True:
            if self.ride is not None:
                await self.carry_out(self.ride["rideId"])
            elif self.offer is not None:
                await self.consider(self.offer)
            else:
                self.places.clear()
                await self.wait(lambda: self.ride is None and self.offer is None, None)

    async def wait(self, still: Callable[[], bool], seconds: float | None) -> bool:
        """Wait `seconds` (None: no limit) while `still` is true; returns whether it is true at the end."""
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
        """Wait the thinking time, then answer the offer or let it lapse."""

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
        """Decline an offer."""
        body = {"offerId": offer["offerId"], "reason": "not now"}
        answer = await self.account.call("POST", "/rideDecline", body, key=f"decline-{offer['offerId']}")
        self.ledger.offers["declined" if answer.ok else "too late"] += 1
        self.say("declined an offer" if answer.ok else f"could not decline: {answer.code}")

    async def accept(self, offer: Body) -> None:
        """Accept an offer."""
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
        """Serve a ride: drive there, start the session and end it."""

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
        """Drive to the user and start the session; returns False if the ride ends before or can't be started."""
        ride_id, now = ride["rideId"], time.monotonic()
        there = await self.place_of(ride["requestId"])
        here = self.leg.at(now)
        self.leg = Leg(here, there, now, self.habits.driving(here, there))
        if not await self.wait(still, self.leg.until - time.monotonic()):
            self.leg = Leg.standing(self.here())
            self.say("a ride was called off on the way")
            return False
        if not await report_arrival(self.account, ride_id, self.here(), lambda seconds: self.wait(still, seconds)):
            return False
        answer = await self.account.call("POST", "/rideStart", {"rideId": ride_id}, key=f"start-{ride_id}")
        if answer.ok or answer.code == "ride_already_started":
            self.say("arrived")
            return True
        self.say("could not start a session: %s", answer.code)
        if answer.code in ("wrong_pin", "pin_locked", "not_arrived"):
            body = {"rideId": ride_id, "reason": "A bot can't ask for the PIN."}
            await self.account.call("POST", "/rideCancel", body, key=f"cancel-{ride_id}")
        if still():
            self.ride = None
        return False

    async def place_of(self, request_id: str) -> Place:
        """A request's place, from its offer or the server; the partner's own place if the server refuses."""
        if request_id not in self.places:
            answer = await self.account.call("GET", f"/cheerRequest/{request_id}")
            if not answer.ok:
                return self.here()
            self.places[request_id] = Place(**answer.body["location"])
        return self.places[request_id]

    def say(self, text: str, *values: object) -> None:
        """Log one line with the bot's number; the text names no person and no place."""
        log.info("partner %d: " + text, self.number, *values)  # noqa: G003
