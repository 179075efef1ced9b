"""The cheers of a made-up history: requests with their offers and rides, and the events that they make."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from core.prices import Tariff, fare
from ops.made_history.decisions import FARTHER, DecisionWriter
from ops.made_history.money import COMMISSION_BPS, CURRENCY, STEP, Bill, Cashier
from ops.made_history.people import People, PeopleWriter, Person
from ops.made_history.rows import Ids, Table, moment
from payments.states import PaymentKind
from regions.models import Region
from requests_app.models import (
    CheerRequest,
    CheerRequestTransition,
    Offer,
    OfferTransition,
    ScheduledRequest,
    ScheduledRequestTransition,
)
from requests_app.reasons import OfferClosed, RequestClosed
from requests_app.states import OfferStatus, RequestStatus, ScheduledStatus
from rides.models import Ride, RideSign, RideTransition
from rides.states import EndedBy, RideStatus, Sign

# Ends of a request, and how often of a hundred. A ride that was called off is followed by another one.
ENDS = {"served": 87, "called off": 5, "cancelled late": 3, "cancelled early": 3, "nobody": 2}
NAMES, WEIGHTS = list(ENDS), list(ENDS.values())
REFUSALS_MAX = 4  # offers before the one that is accepted; the mean is half of it
LASTS_AT_MOST_S = 2 * 3600  # a cheer, from the request to the last entry about it
TTL_S, PATIENCE_S = 20, 600
TARIFF = Tariff(1000, CURRENCY, 300)
LATE_FEE = 500
PLANNED, RATED, TIPPED = 0.02, 0.4, 0.1  # of all cheers; of those served
LOOKED_IN_VAIN = 0.3  # of all cheers, at some time before somebody took them
CLASSIC = "classic"
PENDING, OFFERED, ACCEPTED, COMPLETED, CANCELLED, NO_MATCH = (status.value for status in RequestStatus)
OPEN, TAKEN, DECLINED, EXPIRED = (status.value for status in list(OfferStatus)[:4])
NOBODY, BY_USER = RequestClosed.NOBODY_ACCEPTED.value, RequestClosed.CANCELLED_BY_USER.value
EN_ROUTE, IN_PROGRESS, DONE, CALLED_OFF = (status.value for status in RideStatus)
AVAILABLE, ASKED, BUSY = "available", "offered", "busy"  # statuses of a partner


class CheerTables:
    """The tables of requests, offers and rides."""

    def __init__(self, region: Region) -> None:
        self.requests = Table(
            CheerRequest,
            "id user lat lng note status closed_code created_at give_up_at",
            region=region.pk,
            request_type=CLASSIC,
            attempts=1,
        )
        self.request_steps = Table(CheerRequestTransition, STEP)
        self.planned = Table(
            ScheduledRequest,
            "id user lat lng created_at scheduled_for due_at request",
            region=region.pk,
            request_type=CLASSIC,
            status=ScheduledStatus.REQUESTED,
        )
        self.planned_steps = Table(ScheduledRequestTransition, STEP)
        self.offers = Table(
            Offer,
            "id request partner status distance_m eta_s created_at expires_at answered_at closed_code decision",
            rank=1,
            among=1 + FARTHER,
        )
        self.offer_steps = Table(OfferTransition, STEP)
        self.rides = Table(
            Ride,
            "id request user partner status accepted_at arrived_at start_time end_time ended_by cancelled_at"
            " fare_amount rating",
            tariff_amount=TARIFF.amount,
            tariff_currency=TARIFF.currency,
            tariff_increment_s=TARIFF.increment_s,
            commission_bps=COMMISSION_BPS,
        )
        self.ride_steps = Table(RideTransition, STEP)
        self.signs = Table(RideSign, "ride sign at")


@dataclass(slots=True)
class Cheer:
    """One request while it is told. `now` moves on; `told` gathers the events for the two sides."""

    id: str
    user: Person
    partners: People
    begun: int
    now: int
    asked: tuple[Person, ...] = ()
    told: list[tuple[str, Person, str, str, int]] = field(default_factory=list)  # side, who, type, id, when

    def tell(self, partner: Person | None, type: str, id: str) -> None:
        """Note an event for the user, and for the partner if there is one."""
        self.told.append(("user", self.user, type, id, self.now))
        if partner is not None:
            self.told.append(("partner", partner, type, id, self.now))


class Teller:
    """Writes cheers, one after the other."""

    def __init__(
        self,
        tables: CheerTables,
        moves: Table,
        writer: PeopleWriter,
        cashier: Cashier,
        decisions: DecisionWriter,
        random: Random,
        ids: Ids,
    ) -> None:
        self._tables, self._moves, self._writer, self._cashier = tables, moves, writer, cashier
        self._decisions, self._random, self._ids = decisions, random, ids

    def tell(self, at: int, users: People, partners: People) -> Cheer:
        """Write one cheer that begins at a moment, and return it."""
        user = users.free(at)
        cheer = Cheer(self._ids.new(at), user, partners, at, at)
        self._step(cheer, "", PENDING, user)
        end = self._random.choices(NAMES, WEIGHTS)[0]
        for _ in range(self._random.randrange(REFUSALS_MAX + 1)):
            self._refused(cheer)
        if end == "nobody" or self._random.random() < LOOKED_IN_VAIN:
            self._decisions.look(cheer.id, len(cheer.asked), cheer.begun, cheer.now)
        status, why = COMPLETED, ""
        if end == "called off":
            self._called_off(cheer)
        if end in ("served", "called off"):
            self._served(cheer)
        elif end == "cancelled late":
            self._cancelled_late(cheer)
            status, why = CANCELLED, BY_USER
        else:
            status, why = (NO_MATCH, NOBODY) if end == "nobody" else (CANCELLED, BY_USER)
            self._step(cheer, PENDING, status, None if end == "nobody" else user)
        cheer.tell(None, "request.updated", cheer.id)
        user.free_at = cheer.now + 1
        self._request(cheer, status, why)
        return cheer

    def _request(self, cheer: Cheer, status: str, why: str) -> None:
        lat, lng = self._writer.place()
        begun = moment(cheer.begun)
        self._tables.requests.add(
            cheer.id, cheer.user.id, lat, lng, "By the door", status, why, begun, moment(cheer.begun + PATIENCE_S)
        )
        if self._random.random() < PLANNED:
            planned, made = self._ids.new(cheer.begun), moment(cheer.begun - 7200)
            self._tables.planned.add(planned, cheer.user.id, lat, lng, made, begun, begun, cheer.id)
            waiting, requested = ScheduledStatus.WAITING.value, ScheduledStatus.REQUESTED.value
            self._tables.planned_steps.add("", waiting, cheer.user.user_id, "", made, planned)
            self._tables.planned_steps.add(waiting, requested, None, "", begun, planned)

    def _step(self, cheer: Cheer, old: str, new: str, actor: Person | None = None) -> None:
        account = actor.user_id if actor else None
        self._tables.request_steps.add(old, new, account, "", moment(cheer.now), cheer.id)

    def _offer(self, cheer: Cheer, status: str, answer_s: int, why: str = "") -> Person:
        """Offer the request to a free partner, who answers after some seconds."""
        partner = cheer.partners.free(cheer.now, cheer.asked)
        metres = self._random.randrange(50, 5000)
        why_them = self._decisions.decision(
            cheer.id, partner, metres, cheer.partners, cheer.asked, cheer.begun, cheer.now
        )
        cheer.asked += (partner,)
        made, answered = moment(cheer.now), moment(cheer.now + answer_s)
        offer = self._ids.new(cheer.now)
        self._step(cheer, PENDING, OFFERED)
        self._moves.add(AVAILABLE, ASKED, None, "", made, partner.id)
        self._tables.offer_steps.add("", OPEN, None, "", made, offer)
        cheer.tell(None, "request.updated", cheer.id)
        cheer.told.append(("partner", partner, "offer", offer, cheer.now))
        cheer.now += answer_s
        who = None if status == EXPIRED else partner.user_id
        self._tables.offer_steps.add(OPEN, status, who, why, answered, offer)
        self._tables.offers.add(
            offer, cheer.id, partner.id, status, metres, metres // 4, made, moment(cheer.now - answer_s + TTL_S),
            answered, why, why_them,
        )  # fmt: skip
        return partner

    def _refused(self, cheer: Cheer) -> None:
        if self._random.random() < 0.5:
            partner = self._offer(cheer, EXPIRED, TTL_S)
        else:
            partner = self._offer(cheer, DECLINED, self._random.randrange(2, TTL_S), OfferClosed.TOO_FAR.value)
        self._moves.add(ASKED, AVAILABLE, None, "", moment(cheer.now), partner.id)
        self._step(cheer, OFFERED, PENDING)
        cheer.tell(partner, "request.updated", cheer.id)
        partner.free_at = cheer.now + 1
        cheer.now += 1

    def _accepted(self, cheer: Cheer) -> tuple[Person, str]:
        """Let a partner accept. Returns them and the id of the ride."""
        partner = self._offer(cheer, TAKEN, self._random.randrange(2, TTL_S))
        at, ride = moment(cheer.now), self._ids.new(cheer.now)
        self._moves.add(ASKED, BUSY, partner.user_id, "", at, partner.id)
        self._step(cheer, OFFERED, ACCEPTED, partner)
        self._tables.ride_steps.add("", EN_ROUTE, partner.user_id, "", at, ride)
        partner.free_at = cheer.now + LASTS_AT_MOST_S
        cheer.tell(partner, "ride.updated", ride)
        return partner, ride

    def _called_off(self, cheer: Cheer) -> None:
        partner, ride = self._accepted(cheer)
        self._unserved(cheer, partner, ride)
        self._step(cheer, ACCEPTED, PENDING, partner)
        cheer.now += 1

    def _cancelled_late(self, cheer: Cheer) -> None:
        partner, ride = self._accepted(cheer)
        self._unserved(cheer, partner, ride)
        self._step(cheer, ACCEPTED, CANCELLED, cheer.user)
        self._bill(cheer, partner, ride, PaymentKind.CANCELLATION_FEE, LATE_FEE)

    def _unserved(self, cheer: Cheer, partner: Person, ride: str) -> None:
        """Cancel the ride before its session, and free the partner."""
        accepted = moment(cheer.now)
        cheer.now += self._random.randrange(130, 400)
        at = moment(cheer.now)
        self._tables.ride_steps.add(EN_ROUTE, CALLED_OFF, None, "", at, ride)
        self._tables.rides.add(
            ride, cheer.id, cheer.user.id, partner.id, CALLED_OFF, accepted, None, None, None, "", at, None, None
        )
        self._freed(cheer, partner, ride)

    def _served(self, cheer: Cheer) -> None:
        partner, ride = self._accepted(cheer)
        accepted = moment(cheer.now)
        cheer.now += self._random.randrange(120, 900)
        arrived = moment(cheer.now)
        self._tables.signs.add(ride, Sign.REPORTED.value, arrived)
        cheer.tell(partner, "ride.updated", ride)
        cheer.now += self._random.randrange(10, 120)
        started = moment(cheer.now)
        self._tables.ride_steps.add(EN_ROUTE, IN_PROGRESS, partner.user_id, "", started, ride)
        cheer.tell(partner, "ride.updated", ride)
        lasted = self._random.randrange(200, 1500)
        cheer.now += lasted
        ended, price = moment(cheer.now), fare(TARIFF, timedelta(seconds=lasted))
        self._tables.ride_steps.add(IN_PROGRESS, DONE, partner.user_id, "", ended, ride)
        self._step(cheer, ACCEPTED, COMPLETED, partner)
        stars = self._random.randrange(3, 6) if self._random.random() < RATED else None
        if stars:
            partner.ratings[0] += stars
            partner.ratings[1] += 1
        self._tables.rides.add(
            ride, cheer.id, cheer.user.id, partner.id, DONE, accepted, arrived, started, ended,
            EndedBy.PARTNER.value, None, price, stars,
        )  # fmt: skip
        self._freed(cheer, partner, ride)
        self._bill(cheer, partner, ride, PaymentKind.FARE, price)
        if self._random.random() < TIPPED:
            cheer.now += 60
            self._bill(cheer, partner, ride, PaymentKind.TIP, 100 * self._random.randrange(1, 10))

    def _freed(self, cheer: Cheer, partner: Person, ride: str) -> None:
        self._moves.add(BUSY, AVAILABLE, None, "", moment(cheer.now), partner.id)
        partner.free_at = cheer.now + 1
        cheer.tell(partner, "ride.updated", ride)

    def _bill(self, cheer: Cheer, partner: Person, ride: str, kind: PaymentKind, amount: int) -> None:
        bill = Bill(cheer.id, ride, cheer.user, partner, kind, amount, cheer.begun, cheer.now)
        cheer.tell(None, "payment.updated", self._cashier.write(bill))
