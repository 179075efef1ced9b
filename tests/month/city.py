"""A month of three regions, each with its currency and taxes: rides by a file of pickups, and what money does after.

It is the simulator's kind of demand, replayed in simulated time, with the stand-in that `PAYMENTS=demo` starts.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from accounts.models import Partner, User
from core.currencies import currency_of
from core.errors import ServiceError
from payments.apologies import apologize
from payments.books.credits import sweep_credits
from payments.books.dunning import REMINDERS, dun
from payments.books.payout_holds import sweep_payout_holds
from payments.books.refunds import refund, refundable
from payments.manual_entries import Proposal, approve, propose
from payments.models import Payment
from payments.states import ManualKind, ManualStatus
from payments.tests.dispute_life import DECISIONS
from payments.tests.sessions import PRICES, Prices
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import services
from requests_app.models import CheerRequest
from requests_app.serving import arrival
from requests_app.serving.session_holds import sweep_sessions
from rides.models import Ride
from rides.services import tip_ride
from simulator.pickups import Demand, select, spread
from tests.cast import (
    Clock,
    Place,
    accept,
    arrive,
    come,
    end,
    fresh,
    make_partner,
    make_staff,
    make_user,
    match,
    offered_to,
    open_offer,
    report,
    start,
    submit,
)
from tests.online import Online

DAY = timedelta(days=1)
BOX_DEGREES = 0.1
CARDS = ["pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail"]
# The name of each region, its middle, and its prices; where nothing is held, a card may fail after the ride.
PLACES: list[tuple[str, Place, Prices]] = [
    ("New York", (40.75, -73.98), {**PRICES[1], "hold_amount": 3000}),
    ("Tokyo", (35.68, 139.76), {**PRICES[2], "hold_amount": 0}),
    ("Kuwait City", (29.37, 47.98), {**PRICES[3], "hold_amount": 6000}),
]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A region with a partner and its users."""

    region: Region
    partner: Partner
    users: Sequence[User]


def square(middle: Place) -> list[list[list[float]]]:
    """A region's boundary around a place."""
    (lat, lng), d = middle, BOX_DEGREES
    corners = [(-d, -d), (-d, d), (d, d), (d, -d), (-d, -d)]
    return [[[lng + east, lat + north] for north, east in corners]]


def pickups_of(month: datetime, rides: int, rng: Random) -> list[Demand]:
    """A month of pickups, as a file of the replay has them, by the time of the day before its last."""
    first = month.replace(tzinfo=None)
    rows = []
    for _ in range(rides):
        lat, lng = rng.choice(PLACES)[1]
        minute = first + timedelta(minutes=rng.randrange(28 * 24 * 60))
        place = {"lat": f"{lat + rng.uniform(-0.05, 0.05):.4f}", "lng": f"{lng + rng.uniform(-0.05, 0.05):.4f}"}
        rows.append({"t": minute.isoformat(timespec="minutes"), **place})
    return spread(select(rows, first, first + 28 * DAY), first, seed=rng.randrange(1000))


class City:
    """The month, as it is lived."""

    def __init__(self, online: Online, clock: Clock, settings: Any, month: datetime, *, seed: int) -> None:
        self.provider, self.clock, self.settings, self.began = online, clock, settings, month
        self.random = Random(seed)
        self.agreed: dict[UUID, Prices] = {}
        self.tips: dict[UUID, int] = {}
        self.not_there: set[UUID] = set()
        self.invited: dict[UUID, UUID] = {}
        self.decided = 0  # the disputes that banks have
        self.staff, self.second = make_staff("Stella"), make_staff("Simon")
        Region.objects.update(active=False)
        self.quarters = [self.quarter(*place) for place in PLACES]
        self.partners = [quarter.partner for quarter in self.quarters]

    def quarter(self, name: str, middle: Place, prices: Prices) -> Quarter:
        """Open a region."""
        slug = name.lower().replace(" ", "-")
        region = Region.objects.create(slug=slug, name=name, boundary=square(middle), time_zone="UTC", **prices)
        forget_regions()
        partner = make_partner(f"Pia {slug}", at=middle)
        self.provider.connect(partner)
        users = [make_user(f"Ada {number} {slug}") for number in range(len(CARDS))]
        for user, card in zip(users, CARDS, strict=True):
            self.provider.save_card(user, card)
        return Quarter(region, partner, users)

    # ------------------------------------------------------------ a month

    def live(self, rides: int) -> None:
        """Serve the month's rides in order, and see to the money each day."""
        day = self.began
        for demand in pickups_of(self.began, rides, self.random):
            moment = self.began + timedelta(seconds=demand.at_s)
            while day + DAY <= moment:
                day += DAY
                self.clock.now = max(self.clock.now, day)
                self.a_day_passes()
            self.clock.now = max(self.clock.now, moment)
            self.a_ride((demand.place.lat, demand.place.lng))
        self.rest_until(self.began + 29 * DAY)

    def rest_until(self, moment: datetime) -> None:
        """Let the days until a moment pass."""
        while self.clock.now < moment:
            self.clock.now = min(self.clock.now + DAY, moment)
            self.a_day_passes()

    def a_day_passes(self) -> None:
        """Events arrive, banks decide, staff book by hand, and all that is due runs."""
        account = self.provider.account
        account.settle_refunds()
        for dispute in account.every("dispute"):
            if dispute["status"] in DECISIONS and self.random.random() < 0.3:
                decisions = DECISIONS[dispute["status"]]
                decisions[self.decided % len(decisions)][1](account, dispute["id"])  # each outcome in its turn
                self.decided += 1
        if self.random.random() < 0.3:
            self.staff_book()
        for look in (sweep_payout_holds, sweep_credits):
            look(self.clock.now)
        for payment in list(REMINDERS.claim_due(self.clock.now)):
            dun(payment)
        self.provider.work()
        self.provider.deliver(shuffled=self.random, twice=self.random.random() < 0.2)
        self.provider.work()

    # ------------------------------------------------------------ a ride

    def a_ride(self, place: Place) -> None:
        """Somebody asks for a cheer there, and is served, unless they call it off, or are not there."""
        quarter = next(each for each in self.quarters if square_has(each.region, place))
        user = fresh(self.random.choice(quarter.users))
        with suppress(ServiceError):  # who owes something is not served
            request = submit(user, at=place)
            prices = next(prices for name, _, prices in PLACES if name == quarter.region.name)
            self.agreed[request.pk] = prices
            self.serve(quarter, user, request)
            self.provider.work()
        self.something_after()

    def serve(self, quarter: Quarter, user: User, request: CheerRequest) -> None:
        """From the offer to the end."""
        report(quarter.partner, (request.lat, request.lng))
        self.provider.work()
        if offered_to(request) is None and not match(quarter.region):
            return
        ride = accept(open_offer(request))
        fate = self.random.random()
        if fate < 0.2:
            self.clock.advance(150 if fate < 0.1 else 30)
            services.cancel_request(user, request.pk, reason="", now=self.clock.now)
            return
        arrive(ride)
        if fate < 0.3:
            self.clock.advance(quarter.region.no_show_wait_s)
            come(ride)
            arrival.report_no_show(fresh(quarter.partner), ride.pk, now=self.clock.now)
            self.not_there.add(ride.pk)
            return
        start(ride)
        for _ in range(self.random.randrange(1, 9)):
            self.clock.advance(160)
            sweep_sessions(self.clock.now)
            self.provider.work()
        with suppress(ServiceError):  # its holds may be used up
            end(ride)
        if self.random.random() < 0.4:
            self.tip(fresh(ride))

    def tip(self, ride: Ride) -> None:
        """The user tips."""
        amount = 10 * self.random.randrange(6, 90)
        with suppress(ServiceError):
            self.tips[ride.pk] = tip_ride(ride, amount=amount, currency=ride.tariff_currency, now=self.clock.now).amount

    def something_after(self) -> None:
        """Some payments are refunded, denied at the bank, or made up for with credit."""
        payments = list(Payment.objects.order_by("created_at", "pk"))
        if not payments:
            return
        payment, what = self.random.choice(payments), self.random.random()
        with suppress(ServiceError):
            if what < 0.2 and (most := refundable(payment)):
                amount = self.random.choice([most, currency_of(payment.currency).whole(most // 3)])
                refund(payment, amount=amount, reason="too quiet", actor=self.staff, now=self.clock.now)
            elif what < 0.4:
                self.deny(payment)
            elif what < 0.55:
                amount = 10 * self.random.randrange(5, 60)
                apologize(payment, amount=amount, reason="too quiet", actor=self.staff, now=self.clock.now)

    def deny(self, payment: Payment) -> None:
        """A card holder denies a charge."""
        for charge in self.provider.account.every("charge"):
            whole = charge["captured"] and not charge["disputed"] and not charge["amount_refunded"]
            if whole and payment.attempts.filter(reference=charge["payment_intent"]).exists():
                inquiry = self.random.random() < 0.3
                self.provider.account.open_dispute(charge["payment_intent"], inquiry=inquiry)
                return

    def staff_book(self) -> None:
        """Staff book something by hand, and a second person approves it where that is needed."""
        payments = Payment.objects.order_by("created_at", "pk")
        for payment in self.random.sample(list(payments), min(1, len(payments))):
            self.propose(payment, ManualKind.USER_CREDITED)
            self.propose(payment, ManualKind.FEE)
        for payment in payments.filter(status="failed"):
            self.propose(payment, self.random.choice([ManualKind.RECEIVED, ManualKind.WRITTEN_OFF]))

    def propose(self, payment: Payment, kind: ManualKind) -> None:
        """Staff book a part of what a payment may be, or a fee in its currency."""
        amount, currency = 10 * self.random.randrange(1, 20), payment.currency
        about = None if kind == ManualKind.FEE else payment.pk
        with suppress(ServiceError):
            wanted = Proposal(kind, amount, currency, "as agreed", payment_id=about)
            row = propose(wanted, author=self.staff, now=self.clock.now)
            if row.status == ManualStatus.PROPOSED:
                approve(row, actor=self.second, now=self.clock.now)


def square_has(region: Region, place: Place) -> bool:
    """Whether a region's square has a place."""
    (west, south), *_ = region.boundary[0]
    return bool(west <= place[1] <= west + 2 * BOX_DEGREES and south <= place[0] <= south + 2 * BOX_DEGREES)
