"""Honest people: a town of users and partners who live by the simulator's habits, while the clock is wound forward.

Everything is done by the services, in process. The devices are as devices are: inexact, at times far off, and silent in
tunnels. Households and mobile networks share addresses, and some offers are turned down.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from accounts.models import Partner
from accounts.position_reports import report_position
from core.errors import ServiceError
from positions import Position
from regions.models import Region
from requests_app import offers, services
from requests_app.models import CheerRequest, Offer
from requests_app.serving import arrival, fulfilment
from requests_app.states import OfferStatus
from rides.models import Ride
from rides.services import tip_ride
from risk.states import TraceKind
from risk.traces import leave_trace
from simulator.city import HOMES
from simulator.habits import LIFELIKE, Answer
from simulator.movement import Leg, Place, near
from tests.cast import Clock, fresh, make_partner, make_user, match, submit

PARTNERS, USERS, ADDRESSES = 10, 40, 16
CENTRE, TOWN_M = HOMES[5], 2500.0
NOISE_M, ACCURACY_M = 10.0, 20.0
FAR_OFF, FAR_OFF_M = 0.02, 120.0  # the share of reports that are far off, and how far
TUNNEL, TUNNEL_S = 0.2, 100.0  # the share of drives with a tunnel, and its length
CANCELS, TIPS = 0.05, 0.3  # the shares of users who cancel a partner on the way, and who tip
EVERY_S, REPORTS_MAX = LIFELIKE.position_every_s, 30  # of a drive and of a session


@dataclass(slots=True)
class Driver:
    """A partner, where they really are, and until when nothing is heard of them."""

    partner: Partner
    place: Place
    silent_until: float = 0.0


class Town:
    """People, and the time, all drawn from one seed."""

    def __init__(self, region: Region, clock: Clock, *, seed: int) -> None:
        self.region, self.clock, self.rng = region, clock, Random(seed)  # a simulation
        self.users = [make_user(f"Neighbour {n}") for n in range(USERS)]
        self.drivers: dict[Any, Driver] = {}
        for n in range(PARTNERS):
            place = near(CENTRE, TOWN_M, self.rng)
            partner = make_partner(f"Driver {n}", at=(place.lat, place.lng))
            self.drivers[partner.pk] = Driver(partner, place)
        self._sign_in()
        self.served = 0

    def live(self, rides: int) -> None:
        """Let so many rides be served."""
        while self.served < rides:
            self.clock.advance(self.rng.uniform(60, 600))
            self._drift()
            request = self._ask()
            if request is not None and (ride := self._matched(request)) is not None:
                self._serve(ride)

    def _sign_in(self) -> None:
        """Give each account an address: of a household of few, or of a network of many."""
        people = [*self.users, *(driver.partner.user for driver in self.drivers.values())]
        for number, account in enumerate(people):
            shared = self.rng.randrange(ADDRESSES)
            for address in (f"192.0.2.{shared}", f"198.51.100.{number}"):
                leave_trace(account.pk, TraceKind.ADDRESS, address, now=self.clock.now)

    # ------------------------------------------------------------ devices

    def _report(self, driver: Driver) -> None:
        """A device tells where it is, as well as it can."""
        now = self.clock.now
        if now.timestamp() < driver.silent_until:
            return
        off_m = FAR_OFF_M if self.rng.random() < FAR_OFF else NOISE_M
        told = near(driver.place, 2 * off_m, self.rng)
        report_position(driver.partner, Position(told.lat, told.lng, now), now=now, accuracy_m=ACCURACY_M)

    def _drift(self) -> None:
        for driver in self.drivers.values():
            driver.place = near(driver.place, 200, self.rng)
            self._report(driver)

    def _go(self, driver: Driver, leg: Leg) -> None:
        """Move along a leg; reports are as frequent as a device's, or as many as are affordable."""
        every_s = max(EVERY_S, leg.takes_s / REPORTS_MAX)
        while (now := self.clock.now.timestamp()) < leg.until:
            self.clock.advance(min(every_s, max(0.5, leg.until - now)))
            driver.place = leg.at(self.clock.now.timestamp())
            self._report(driver)

    # ------------------------------------------------------------ a ride

    def _ask(self) -> CheerRequest | None:
        place = near(CENTRE, TOWN_M, self.rng)
        return submit(self.rng.choice(self.users), at=(place.lat, place.lng), now=self.clock.now)

    def _matched(self, request: CheerRequest) -> Ride | None:
        """Offer a request until somebody accepts; its user gives up if nobody does."""
        for _ in range(PARTNERS):
            offer = Offer.objects.filter(request=request, status=OfferStatus.PENDING).first()
            if offer is None:
                break
            partner = self.drivers[offer.partner_id].partner = fresh(offer.partner)
            self.clock.advance(LIFELIKE.thinking(self.rng))
            answer = LIFELIKE.answer(self.rng)
            if answer is Answer.ACCEPT:
                return fulfilment.accept_offer(partner, offer_id=offer.pk, now=self.clock.now)
            if answer is Answer.DECLINE:
                offers.decline_offer(partner, offer.pk, reason="", now=self.clock.now)
            else:
                self.clock.now = max(self.clock.now, offer.expires_at)
                self.clock.advance(1)
                offers.expire_offer(offer.pk, now=self.clock.now)
            match(self.region)
        services.cancel_request(request.user, request.pk, reason="", now=self.clock.now)
        return None

    def _serve(self, ride: Ride) -> None:
        driver, place = self.drivers[ride.partner_id], Place(ride.request.lat, ride.request.lng)
        leg = Leg(driver.place, place, self.clock.now.timestamp(), LIFELIKE.driving(driver.place, place))
        if self.rng.random() < TUNNEL:
            entrance = leg.since + self.rng.random() * leg.takes_s
            driver.silent_until = min(leg.until, entrance + TUNNEL_S) if entrance < leg.until else 0.0
        if self.rng.random() < CANCELS:
            self._cancelled_on_the_way(driver, ride, leg)
            return
        self._go(driver, leg)
        self._start(driver, ride, place)
        minutes = self.rng.uniform(0, 1)
        stay = Leg(place, near(place, 60 * minutes, self.rng), self._now(), LIFELIKE.serving(self.rng))
        self._go(driver, stay)
        fulfilment.end_session(ride.user, ride.pk, now=self.clock.now)
        if self.rng.random() < TIPS:
            share = self.rng.choice((0.1, 0.15, 0.2, 0.3))
            fare = fresh(ride).fare_amount
            tip_ride(fresh(ride), amount=max(100, round(fare * share)), currency="usd", now=self.clock.now)
        self.served += 1

    def _cancelled_on_the_way(self, driver: Driver, ride: Ride, leg: Leg) -> None:
        """The user changes their mind, and pays where it is late."""
        share = self.rng.uniform(0.3, 0.9)
        there = leg.at(leg.since + share * leg.takes_s)
        self._go(driver, Leg(driver.place, there, leg.since, share * leg.takes_s))
        services.cancel_request(ride.user, ride.request_id, reason="", now=self.clock.now)

    def _start(self, driver: Driver, ride: Ride, place: Place) -> None:
        """Stand at the place until the server has noticed; a device that is off needs the button, or the PIN."""
        self._go(driver, Leg(place, place, self._now(), 3 * EVERY_S))
        try:
            if fresh(ride).arrived_at is None:
                arrival.arrive(fresh(driver.partner), ride.pk, now=self.clock.now)
            fulfilment.start_session(fresh(driver.partner), ride.pk, pin="", now=self.clock.now)
        except ServiceError:
            fulfilment.start_session(fresh(driver.partner), ride.pk, pin=ride.pin, now=self.clock.now)

    def _now(self) -> float:
        return self.clock.now.timestamp()
