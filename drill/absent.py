"""People whose page is closed: they have no socket, and only pushes and mails tell them anything.

They live far from all others, where a ride is long enough for each word to be sent before the next one overtakes it.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from allauth.account.models import EmailAddress
from asgiref.sync import sync_to_async
from django.db import connection

from accounts.models import User as Holder
from drill.outside import Outside
from simulator.accounts import Account
from simulator.cards import save_card
from simulator.feed import Feed
from simulator.habits import Habits
from simulator.ledger import FINAL
from simulator.movement import Place
from simulator.partner import Partner
from simulator.user import NOT_FOUND, User
from testbed.push_service import Browser

SOUTH, NORTH, WEST, EAST = 40.870, 40.885, -73.885, -73.865  # in the Bronx, beyond the widest radius from Midtown
NOWHERE = Place(40.650, -73.800)  # no partner is within the widest radius
DECLINED = "4000000000000341"  # a card that can be saved, and whose payments are declined
LEISURELY = Habits(
    decline=0.0,
    ignore=0.0,
    think_s=(0.1, 0.5),
    arrival_s=(4.5, 5.5),
    top_speed_m_per_s=1500.0,
    service_median_s=5.0,
    service_s=(4.5, 8.0),
    drift_m=200.0,
    position_every_s=1.0,
)
LOOK_EVERY_S = 1.0
DEVICE_EVERY_S = 0.1
ONLINE_EVERY_S = 5.0
PAUSE_S = 1.0
ENDS_WITHIN_S = 150.0


@dataclass
class Person:
    """A person who can be told. `feed` is their socket, if they have a page open."""

    account: Account
    devices: list[Browser] = field(default_factory=list)
    mailed: bool = False  # their address is confirmed
    feed: Feed | None = None

    async def subscribe(self) -> None:
        """Let the program push to the devices."""
        for device in self.devices:
            await self.account.call("POST", "/pushSubscription", device.subscription())


def with_devices(accounts: Iterable[tuple[Account, Feed]], outside: Outside) -> list[Person]:
    """Give people with an open page a device each, which must stay silent while their socket answers."""
    return [Person(account, [outside.push.browser()], feed=feed) for account, feed in accounts]


def somewhere(rng: Random) -> Place:
    """A place in the neighbourhood of the absent."""
    return Place(rng.uniform(SOUTH, NORTH), rng.uniform(WEST, EAST))


class AbsentUser:
    """A user who asks for one cheer after another, and looks for its end now and then.

    Args:
        place: draws the place of a request.
        takes_s: how long a request takes at most if nothing breaks; none is made with less time left, but the first.
        card: the number of their card, if it is not an ordinary one.
    """

    def __init__(
        self, person: Person, user: User, *, place: Callable[[], Place], takes_s: float, card: str = ""
    ) -> None:
        self.person, self.user, self.place, self.takes_s, self.card = person, user, place, takes_s, card

    async def prepare(self) -> None:
        """Sign up, subscribe the devices, save the card and confirm the address."""
        await self.person.account.token()
        await self.person.subscribe()
        if self.card:
            await save_card(self.person.account, self.user.provider, self.card)
            self.user.has_card = True
        if self.person.mailed:
            await sync_to_async(confirm)(self.person.account.email)

    async def run(self, until: float) -> None:
        """Make requests until a moment of the monotonic clock, and see the last one end."""
        first = True
        while first or time.monotonic() + self.takes_s < until:
            first = False
            story = await self.user.ask(self.place())
            if story is not None:
                await self._see_the_end(story.request_id)
            await asyncio.sleep(PAUSE_S)

    async def _see_the_end(self, request_id: str) -> None:
        end = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < end:
            answer = await self.person.account.call("GET", f"/cheerRequest/{request_id}")
            if answer.status == NOT_FOUND or (answer.ok and answer.body["status"] in FINAL):
                return
            await asyncio.sleep(LOOK_EVERY_S)


def confirm(email: str) -> None:
    """Confirm an address, as its owner does by the link in a mail."""
    try:
        holder = Holder.objects.get(email=email)
        verified = {"verified": True, "primary": True}
        EmailAddress.objects.update_or_create(user=holder, email=holder.email, defaults=verified)
    finally:
        connection.close()


class AbsentPartner(Partner):
    """A partner who takes the offers that a push shows them, and does all else over HTTP."""

    person: Person

    async def run(self) -> None:
        """Work until cancelled. Raises `Refused` if the account can't be used."""
        await self.enrol()
        await self.person.subscribe()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.report_positions())
            tasks.create_task(self.stay_online())
            tasks.create_task(self.work())
            tasks.create_task(self.watch())

    async def report_positions(self) -> None:
        """Report positions over HTTP until cancelled."""
        while True:
            report = {"location": self.here().as_json(), "recordedAt": datetime.now(UTC).isoformat()}
            await self.account.call("POST", "/updateLocation", report)
            await asyncio.sleep(self.habits.position_every_s)

    async def stay_online(self) -> None:
        """Go online, and again if the bot was taken offline."""
        while not self.leaving:
            answer = await self.account.call("POST", "/partner/status", {"status": "available"})
            if answer.ok:
                self.online.set()
            elif answer.code == "partner_busy" and self.ride is None:
                await self.find_ride()
            await asyncio.sleep(ONLINE_EVERY_S)

    async def find_ride(self) -> None:
        """Go on with a ride that the server holds for under way: a failover has lost what this bot had done last."""
        answer = await self.account.call("GET", "/ride")
        found = answer.body["results"] if answer.ok else []
        for ride in found:
            if ride["status"] in ("en_route", "in_progress"):
                self.note_ride(ride)
                self.changed.set()

    async def watch(self) -> None:
        """Look at the device, and accept the offers that it shows."""
        [device] = self.person.devices
        seen = 0
        while True:
            messages = device.messages()
            for message in messages[seen:]:
                push = device.read(message)
                if push["type"] == "offer" and self.ride is None and not self.leaving:
                    await self.take(push["offerId"])
            seen = len(messages)
            await asyncio.sleep(DEVICE_EVERY_S)

    async def take(self, offer_id: str) -> None:
        """Accept an offer."""
        answer = await self.account.call("POST", "/rideAccept", {"offerId": offer_id}, key=f"accept-{offer_id}")
        if answer.ok:
            self.note_ride(answer.body)
            self.changed.set()

    async def sign_off(self) -> None:
        """Go offline, so that the bot gets no more offers."""
        self.leaving = True
        await self.account.call("POST", "/partner/status", {"status": "offline"})

    def note_ride(self, ride: dict[str, Any]) -> None:
        """Record the bot's ride, in the form of an answer."""
        self.ride = ride
