"""Random lives of requests, offers, rides and partners: what happens, and what is always so."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import positions
from accounts.applications import decide_application
from accounts.models import Partner, User
from accounts.states import Application, PartnerStatus
from backoffice.audit import OVERDUE
from core import valkey
from core.errors import ServiceError
from ops.audit import all_checks
from ops.sweep import sweep_deadlines
from payments.models import Payment
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import dead_letters, offers, services
from requests_app.matching.batch import match_batch
from requests_app.models import CheerRequest, Offer
from requests_app.serving import answers, arrival, availability, fulfilment
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.services import rate_ride, tip_ride
from rides.states import ACTIVE
from tests.cast import LONDON, Clock, fresh, make_partner, make_staff, make_user, north, report, submit
from tests.settling import settle_in_cash

USER, PARTNER = st.integers(0, 1), st.integers(0, 2)
SELDOM = st.sampled_from([False] * 7 + [True])
RIDE_STEPS = ["arrive", "start", "end", "end", "end by user", "here", "nobody here", "no-show", "cancel"]


class Lives(RuleBasedStateMachine):
    """A few users, partners and staff do what they like, in any order, while time passes.

    Every action either works or is refused with a reason; after each of them the audit finds nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        valkey.client().flushall()
        forget_regions()
        self.transaction = transaction.atomic()
        self.transaction._from_testcase = True  # what happens inside commits; see `_commits` in tests/fixtures.py
        self.transaction.__enter__()
        self.patch = pytest.MonkeyPatch()
        self.clock = Clock()
        self.patch.setattr(timezone, "now", lambda: self.clock.now)
        self.nyc = Region.objects.get(slug="nyc")
        self.staff = make_staff("Stella")
        self.users = [make_user(f"User {n}") for n in range(2)]
        self.partners = [make_partner(f"Partner {n}", at=north(-900 * n)) for n in range(3)]
        submit(self.users[0])
        match_batch(self.nyc)

    def teardown(self) -> None:
        try:
            for check in all_checks():
                if check.kind != OVERDUE:  # here the matcher runs only when it is told to
                    assert check.look(self.now).wrong == 0, check.promise
        finally:
            self.patch.undo()
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return self.clock.now

    def attempt(self, action: Callable[[], object]) -> None:
        """Do something that may be refused, as a view does."""
        with suppress(ServiceError):
            action()

    def user(self, number: int) -> User:
        found: User = fresh(self.users[number])
        return found

    def partner(self, number: int) -> Partner:
        found: Partner = fresh(self.partners[number])
        return found

    def woken(self, asleep: bool) -> None:
        """The matcher, which wakes after most of what happens."""
        if not asleep:
            match_batch(self.nyc)

    # -------------------------------------------------------- users

    @rule(n=USER, metres=st.sampled_from([0, 0, -1500, -6000]), asleep=SELDOM)
    def ask(self, n: int, metres: int, asleep: bool) -> None:
        self.attempt(lambda: submit(self.user(n), at=north(metres), now=self.now))
        self.woken(asleep)

    @rule(n=USER)
    def ask_from_afar(self, n: int) -> None:
        self.attempt(lambda: submit(self.user(n), at=LONDON, now=self.now))

    @precondition(lambda self: CheerRequest.objects.exists())
    @rule(n=USER, stranger=SELDOM, by_staff=SELDOM, asleep=SELDOM)
    def call_off(self, n: int, stranger: bool, by_staff: bool, asleep: bool) -> None:
        request = CheerRequest.objects.filter(user=self.users[n]).order_by("-created_at").first()
        if request is None:
            return
        if by_staff:
            self.attempt(lambda: services.cancel_request_as_staff(request, actor=self.staff, reason="", now=self.now))
        else:
            who = self.user(1 - n if stranger else n)
            self.attempt(lambda: services.cancel_request(who, request.pk, reason="", now=self.now))
        self.woken(asleep)

    @precondition(lambda self: Ride.objects.exists())
    @rule(stars=st.integers(1, 5))
    def rate_and_tip(self, stars: int) -> None:
        ride = Ride.objects.order_by("-accepted_at")[0]
        self.attempt(lambda: rate_ride(ride, stars=stars, comment=""))
        self.attempt(lambda: tip_ride(ride, amount=100 * stars, currency="usd", now=self.now))

    # -------------------------------------------------------- partners

    @rule(n=PARTNER, status=st.sampled_from(["available", "available", "offline"]), asleep=SELDOM)
    def go(self, n: int, status: str, asleep: bool) -> None:
        self.attempt(lambda: availability.set_status(self.partner(n), status, now=self.now))
        self.woken(asleep)

    @rule(metres=st.sampled_from([0, -1000, -4000, -8000]), asleep=SELDOM)
    def move(self, metres: int, asleep: bool) -> None:
        for number, partner in enumerate(self.partners):
            report(partner, north(metres - 300 * number))
        self.woken(asleep)

    @precondition(lambda self: Offer.objects.exists())
    @rule(n=PARTNER, stranger=SELDOM)
    def accept(self, n: int, stranger: bool) -> None:
        offer = Offer.objects.filter(status=OfferStatus.PENDING).first() or Offer.objects.order_by("-created_at")[0]
        who = self.partner(n) if stranger else fresh(offer.partner)
        self.attempt(lambda: fulfilment.accept_offer(who, offer_id=offer.pk, now=self.now))

    @precondition(lambda self: Offer.objects.exists())
    @rule(asleep=SELDOM)
    def decline(self, asleep: bool) -> None:
        offer = Offer.objects.filter(status=OfferStatus.PENDING).last() or Offer.objects.order_by("-created_at")[0]
        self.attempt(lambda: offers.decline_offer(fresh(offer.partner), offer.pk, reason="", now=self.now))
        self.woken(asleep)

    @precondition(lambda self: Ride.objects.exists())
    @rule(n=PARTNER, step=st.sampled_from(RIDE_STEPS), stranger=SELDOM, asleep=SELDOM)
    def go_on(self, n: int, step: str, stranger: bool, asleep: bool) -> None:
        ride = Ride.objects.filter(status__in=ACTIVE).first() or Ride.objects.order_by("-accepted_at")[0]
        who = self.partner(n) if stranger else fresh(ride.partner)
        steps: dict[str, Callable[[], object]] = {
            "arrive": lambda: arrival.arrive(who, ride.pk, now=self.now),
            "start": lambda: fulfilment.start_session(who, ride.pk, pin=ride.pin, now=self.now),
            "end by user": lambda: fulfilment.end_session(ride.user, ride.pk, now=self.now),
            "here": lambda: answers.user_here(ride.user, ride.pk, now=self.now),
            "nobody here": lambda: answers.nobody_here(ride.user, ride.pk, now=self.now),
            "no-show": lambda: arrival.report_no_show(who, ride.pk, now=self.now),
            "end": lambda: fulfilment.end_session(who.user, ride.pk, now=self.now),
            "cancel": lambda: fulfilment.cancel_by_partner(who, ride.pk, reason="x", now=self.now),
        }
        self.attempt(steps[step])
        self.woken(asleep)

    # -------------------------------------------------------- staff

    @rule(n=PARTNER, asleep=SELDOM)
    def release(self, n: int, asleep: bool) -> None:
        self.attempt(lambda: fulfilment.release_partner(self.partner(n), actor=self.staff, now=self.now))
        self.woken(asleep)

    @rule(n=PARTNER, decision=st.sampled_from([Application.APPROVED, Application.SUSPENDED]))
    def decide(self, n: int, decision: str) -> None:
        self.attempt(lambda: decide_application(self.partner(n), decision, actor=self.staff, now=self.now))

    @precondition(lambda self: CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).exists())
    @rule(asleep=SELDOM)
    def requeue(self, asleep: bool) -> None:
        dead = CheerRequest.objects.filter(status=RequestStatus.NO_MATCH)[0]
        self.attempt(lambda: dead_letters.requeue_request(dead, actor=self.staff, now=self.now))
        self.woken(asleep)

    @precondition(lambda self: Payment.objects.exists())
    @rule()
    def take_cash(self) -> None:
        payment = Payment.objects.order_by("-created_at")[0]
        self.attempt(lambda: settle_in_cash(payment, actor=self.staff, now=self.now))

    # -------------------------------------------------------- the program

    @rule(seconds=st.sampled_from([1, 10, 21, 125, 301, 601]), asleep=SELDOM)
    def time_passes(self, seconds: int, asleep: bool) -> None:
        self.clock.advance(seconds)
        sweep_deadlines(self.now)
        self.woken(asleep)

    # -------------------------------------------------------- what always holds

    @invariant()
    def requests_offers_rides_and_partners_agree(self) -> None:
        offered = list(Offer.objects.filter(status=OfferStatus.PENDING))
        active = list(Ride.objects.filter(status__in=ACTIVE))
        for request in CheerRequest.objects.all():
            mine = [o for o in offered if o.request_id == request.pk], [r for r in active if r.request_id == request.pk]
            expected = (request.status == RequestStatus.OFFERED, request.status == RequestStatus.ACCEPTED)
            assert (len(mine[0]), len(mine[1])) == expected, request.status
        for partner in Partner.objects.all():
            held = [o for o in offered if o.partner_id == partner.pk], [r for r in active if r.partner_id == partner.pk]
            expected = (partner.status == PartnerStatus.OFFERED, partner.status == PartnerStatus.BUSY)
            assert (len(held[0]), len(held[1])) == expected, partner.status
        assert all(offer.request.user_id != offer.partner.user_id for offer in Offer.objects.all())

    @invariant()
    def the_map_shows_who_is_available(self) -> None:
        available = set(Partner.objects.filter(status=PartnerStatus.AVAILABLE).values_list("pk", flat=True))
        assert positions.searchable("nyc") == (available, available)
        serving = dict(Ride.objects.filter(status__in=ACTIVE).values_list("partner_id", "user_id"))
        assert {pk: service.user_id for pk, service in positions.serving("nyc").items()} == serving

    @invariant()
    def nobody_is_asked_again_who_said_no(self) -> None:
        asked: dict[tuple[Any, Any], list[str]] = defaultdict(list)
        for offer in Offer.objects.order_by("created_at"):
            asked[offer.request_id, offer.partner_id].append(offer.status)
        for replies in asked.values():
            assert not {OfferStatus.DECLINED, OfferStatus.ACCEPTED} & set(replies[:-1])
