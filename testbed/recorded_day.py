"""A day of a region, carried out by the real services in one process while a simulated clock jumps from step to step.

Users and partners act by their own habits, which depend on the seed and on whom they meet, not on the rules of the
region: the same people can be led through the same day under other rules. Partners stand where their last session was,
and stroll now and then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import ceil, cos, exp, log, pi, radians, sin, sqrt
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from accounts.applications import apply_as_partner, decide_application
from accounts.models import Partner, User
from accounts.position_reports import report_position
from accounts.states import Application
from core.errors import Conflict
from positions import Position
from regions.geometry import EARTH_RADIUS_M, S_PER_M
from regions.models import Region
from requests_app import offers, services
from requests_app.matching import batch
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.serving import arrival, availability, fulfilment
from requests_app.states import OfferStatus, RequestStatus
from requests_app.tasks import match_region
from rides.models import Ride

SWEEP_S = 0.5
M_PER_DEGREE = EARTH_RADIUS_M * pi / 180
Place = tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """A day to carry out. Times in seconds."""

    begins: datetime
    lasts_s: float
    requests: int
    partners: int
    places: Callable[[Random], Place]
    session_s: float = 600.0  # the median
    declines: float = 0.1
    lapses: float = 0.05
    calls_off: float = 0.01
    regrets: float = 0.02
    waits_s: float = 900.0  # for a partner, on average, before a user gives up
    strolls_every_s: float = 1200.0
    strolls_m: float = 150.0
    shift_s: float = 4 * 3600.0
    seed: int = 1


class RecordedDay:
    """Carries out a plan. `sweep` is the sweep's pass over what is due."""

    def __init__(self, region: Region, plan: Plan, sweep: Callable[[datetime], None]) -> None:
        self.region, self.plan, self._pass = region, plan, sweep
        self.now = plan.begins
        self._steps: list[tuple[datetime, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0
        self._woken = False
        self._swept_at_s = -1.0  # the sweep that is planned, since the beginning
        self._numbers: dict[UUID, int] = {}
        self._known: set[UUID] = set()
        self._idle: list[User] = []
        self._users = 0
        self._places: dict[UUID, Place] = {}
        self._kinds = list(RequestType.objects.filter(active=True).order_by("position"))

    def carry_out(self) -> None:
        """Carry out the day to its last step."""
        with self._surroundings():
            self._prepare()
            while self._steps:
                self.now, _, step, about = heappop(self._steps)
                step(*about)
                self._follow_up()

    @contextmanager
    def _surroundings(self) -> Iterator[None]:
        changed = {"POSITION_FRESH_S": 10**6, "POSITION_SPEED_MAX_MPS": 1e9, "POSITION_FLUSH_S": 0.0}
        before = {name: getattr(settings, name) for name in changed}
        for name, value in changed.items():
            setattr(settings, name, value)
        try:
            with (
                patch.object(timezone, "now", lambda: self.now),
                patch("requests_app.wakeups.enqueue", self._wake),
                patch.object(batch, "random", Random(self.plan.seed)),  # noqa: S311
            ):
                yield
        finally:
            for name, value in before.items():
                setattr(settings, name, value)

    # ------------------------------------------------------------ the loop

    def _plan(self, after_s: float, step: Callable[..., None], *about: Any) -> None:
        self._number += 1
        at = self.now + timedelta(seconds=round(after_s, 6))
        heappush(self._steps, (at, self._number, step, about))

    def _wake(self, name: str, *_: Any, **__: Any) -> bool:
        self._woken = self._woken or name == "match_region"
        return True

    def _follow_up(self) -> None:
        """Run the matcher if it was woken, let partners see their offers, and sweep when something is due."""
        while self._woken:
            self._woken = False
            match_region(self.region.slug)
        for offer in Offer.objects.filter(status=OfferStatus.PENDING).exclude(pk__in=self._known):
            self._known.add(offer.pk)
            self._plan(self._thinks_s(offer), self._answer, offer.pk)
        pending = CheerRequest.objects.filter(status=RequestStatus.PENDING)
        due = pending.aggregate(a=Min("next_attempt_at"), b=Min("give_up_at"))
        due["c"] = Offer.objects.filter(status=OfferStatus.PENDING).aggregate(c=Min("expires_at"))["c"]
        moments = [at for at in due.values() if at is not None]
        if moments:
            after_s = max((min(moments) - self.plan.begins).total_seconds(), self._passed_s + SWEEP_S)
            self._sweep_by(ceil(after_s / SWEEP_S) * SWEEP_S)

    @property
    def _passed_s(self) -> float:
        return (self.now - self.plan.begins).total_seconds()

    def _sweep_by(self, at_s: float) -> None:
        """Plan a sweep, unless one is planned that comes as early."""
        if not self._passed_s < self._swept_at_s <= at_s:
            self._swept_at_s = at_s
            self._plan(at_s - self._passed_s, self._sweep)

    def _sweep(self) -> None:
        self._pass(self.now)

    def _random(self, *about: object) -> Random:
        return Random(f"{self.plan.seed} {about}")  # noqa: S311  # nothing here is a secret

    # ------------------------------------------------------------ people

    def _prepare(self) -> None:
        draw, plan = self._random("day"), self.plan
        for number in range(plan.partners):
            partner = self._partner(number)
            begins_s = draw.uniform(-plan.shift_s / 2, plan.lasts_s - plan.shift_s / 2)
            self._plan(max(0.0, begins_s), self._come_online, partner.pk, plan.places(draw))
            self._plan(max(1.0, begins_s) + plan.shift_s * draw.uniform(0.5, 1.5), self._go_offline, partner.pk)
        for number, at_s in enumerate(sorted(draw.uniform(0, plan.lasts_s) for _ in range(plan.requests))):
            self._plan(at_s, self._ask, number, plan.places(draw))

    def _partner(self, number: int) -> Partner:
        user = self._account(f"partner{number}", f"Partner {number}")
        partner = apply_as_partner(
            user, name=f"Partner {number}", type="musician", phone="+1 212 555 0100", now=self.now
        )
        decide_application(partner, Application.APPROVED, actor=None, now=self.now)
        return partner

    def _account(self, name: str, label: str) -> User:
        return User.objects.create_user(f"{name}@recorded.test", name=label)

    def _report(self, partner_id: UUID, place: Place) -> None:
        self._places[partner_id] = place
        report_position(self._row(partner_id), Position(*place, self.now), now=self.now)

    def _row(self, partner_id: UUID) -> Partner:
        return Partner.objects.select_related("user", "region").get(pk=partner_id)

    def _come_online(self, partner_id: UUID, place: Place) -> None:
        self._report(partner_id, place)
        availability.go_online(self._row(partner_id), now=self.now)
        self._plan(self.plan.strolls_every_s, self._stroll, partner_id)

    def _go_offline(self, partner_id: UUID) -> None:
        try:
            availability.go_offline(self._row(partner_id), now=self.now)
        except Conflict:
            self._plan(60, self._go_offline, partner_id)

    def _stroll(self, partner_id: UUID) -> None:
        partner = self._row(partner_id)
        if partner.status == "offline":
            return
        self._plan(self.plan.strolls_every_s, self._stroll, partner_id)
        if partner.status == "available" and self.plan.strolls_m:
            # By their name: their id is another one when the day is carried out again.
            draw, (lat, lng) = self._random("stroll", partner.name, self.now), self._places[partner_id]
            way, angle = self.plan.strolls_m * sqrt(draw.random()), 2 * pi * draw.random()
            east = way * cos(angle) / (M_PER_DEGREE * cos(radians(lat)))
            self._report(partner_id, (lat + way * sin(angle) / M_PER_DEGREE, lng + east))

    # ------------------------------------------------------------ requests

    def _ask(self, number: int, place: Place) -> None:
        user = self._idle.pop(0) if self._idle else self._new_user()
        kind = self._kinds[number % len(self._kinds)]
        request = services.submit_request(user, lat=place[0], lng=place[1], request_type=kind, note="", now=self.now)
        waits_s = self._random("waits", number).expovariate(1 / self.plan.waits_s)
        self._plan(waits_s, self._cancel, request.pk, (RequestStatus.PENDING, RequestStatus.OFFERED))
        self._numbers[request.pk] = number

    def _new_user(self) -> User:
        self._users += 1
        return self._account(f"user{self._users}", f"User {self._users}")

    def _cancel(self, request_id: UUID, statuses: tuple[str, ...]) -> None:
        request = CheerRequest.objects.select_related("user").get(pk=request_id)
        if request.status in statuses:
            services.cancel_request(request.user, request_id, reason="", now=self.now)

    # ------------------------------------------------------------ offers and rides

    def _habit(self, what: str, offer: Offer) -> Random:
        return self._random(what, self._numbers[offer.request_id], self._row(offer.partner_id).name)

    def _thinks_s(self, offer: Offer) -> float:
        return 2 + 10 * self._habit("thinks", offer).random()

    def _answer(self, offer_id: UUID) -> None:
        offer = Offer.objects.get(pk=offer_id)
        if offer.status != OfferStatus.PENDING or offer.expires_at <= self.now:
            return
        mood, partner = self._habit("answers", offer).random(), self._row(offer.partner_id)
        if mood < self.plan.lapses:
            return
        if mood < self.plan.lapses + self.plan.declines:
            offers.decline_offer(partner, offer_id, reason="too_far", now=self.now)
            return
        ride = fulfilment.accept_offer(partner, offer_id=offer_id, now=self.now)
        self._come(offer, ride)

    def _come(self, offer: Offer, ride: Ride) -> None:
        draw = self._habit("comes", offer)
        travel_s = offer.distance_m * S_PER_M * exp(draw.gauss(0, 0.2)) + 10
        if draw.random() < self.plan.calls_off:
            self._plan(travel_s / 2, self._call_off, ride.pk)
        elif draw.random() < self.plan.regrets:
            self._plan(travel_s / 2, self._cancel, offer.request_id, (RequestStatus.ACCEPTED,))
        else:
            self._plan(travel_s, self._arrive, ride.pk)

    def _call_off(self, ride_id: UUID) -> None:
        ride = Ride.objects.select_related("partner").get(pk=ride_id)
        fulfilment.cancel_by_partner(self._row(ride.partner_id), ride_id, reason="too_late", now=self.now)

    def _arrive(self, ride_id: UUID) -> None:
        ride = Ride.objects.select_related("request").get(pk=ride_id)
        self._report(ride.partner_id, (ride.request.lat, ride.request.lng))
        if ride.arrived_at is None:
            ride.refresh_from_db()
        if ride.arrived_at is None:
            arrival.arrive(self._row(ride.partner_id), ride_id, now=self.now)
        self._plan(20, self._start, ride_id)

    def _start(self, ride_id: UUID) -> None:
        ride = Ride.objects.get(pk=ride_id)
        fulfilment.start_session(self._row(ride.partner_id), ride_id, pin="", now=self.now)
        number = self._numbers[ride.request_id]
        session_s = exp(self._random("session", number).gauss(log(self.plan.session_s), 0.4))
        self._plan(session_s, self._end, ride_id)

    def _end(self, ride_id: UUID) -> None:
        ride = Ride.objects.select_related("partner__user", "user").get(pk=ride_id)
        fulfilment.end_session(ride.partner.user, ride_id, now=self.now)
