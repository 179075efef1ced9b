"""Every edge of every state graph, and random lives of requests, offers, rides and partners."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from random import Random
from typing import Any

import pytest
from django.db import models, transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts import positions
from accounts.models import Partner, User
from accounts.services import decide_application
from accounts.states import APPLICATION_GRAPH, PARTNER_GRAPH, Application, PartnerStatus
from api.audit import OVERDUE
from payments.models import Payment
from payments.services import settle_in_cash
from payments.states import PAYMENT_GRAPH
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import availability, fulfilment, offers, services
from requests_app.audit import all_checks
from requests_app.matching import match_batch
from requests_app.models import CheerRequest, Offer
from requests_app.states import OFFER_GRAPH, OPEN, REQUEST_GRAPH, OfferStatus, RequestStatus
from requests_app.sweep import sweep_deadlines
from rides.models import Ride
from rides.services import rate_ride, tip_ride
from rides.states import ACTIVE, RIDE_GRAPH, RideStatus
from speedycheers import valkey
from speedycheers.errors import Conflict, ServiceError
from speedycheers.transitions import REASON_MAX_CHARS, Graph, move_all
from tests.cast import (
    LONDON,
    Clock,
    fresh,
    make_applicant,
    make_partner,
    make_staff,
    make_user,
    north,
    report,
    submit,
    unchanged,
)

GRAPHS = {
    "request": REQUEST_GRAPH,
    "offer": OFFER_GRAPH,
    "ride": RIDE_GRAPH,
    "partner": PARTNER_GRAPH,
    "payment": PAYMENT_GRAPH,
}
# What a status needs beside itself to satisfy the table's constraints.
NEEDS: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("ride", "in_progress"): lambda: {"start_time": timezone.now()},
    ("ride", "completed"): lambda: {"start_time": timezone.now(), "end_time": timezone.now(), "fare_amount": 1000},
}
EVERY_STATUS = [(name, status) for name, graph in GRAPHS.items() for status in graph.statuses.values]


@pytest.fixture
def rows(completed: Ride) -> dict[str, Any]:
    """One row of each kind, with nothing else beside it in the way."""
    found: dict[str, Any] = {
        "request": completed.request,
        "offer": Offer.objects.get(),
        "ride": completed,
        "partner": completed.partner,
        "payment": Payment.objects.get(),
    }
    return {name: fresh(row) for name, row in found.items()}


def put(row: Any, name: str, status: str) -> Any:
    """Set a row's status behind its graph's back."""
    needs = NEEDS.get((name, status), dict)()
    blank = {"start_time": None, "end_time": None, "fare_amount": None} if name == "ride" else {}
    type(row)._default_manager.filter(pk=row.pk).update(status=status, **{**blank, **needs})
    return fresh(row)


# ---------------------------------------------------------------- every pair of every graph


@pytest.mark.parametrize(("name", "old"), EVERY_STATUS)
def test_declared_edges_move_and_the_others_change_nothing(
    rows: dict[str, Any], staff: User, name: str, old: str
) -> None:
    for new in GRAPHS[name].statuses.values:
        row = put(rows[name], name, old)
        before, at = row.transitions.count(), timezone.now()
        needs = NEEDS.get((name, new), dict)()
        if not GRAPHS[name].allows(old, new):
            with unchanged(), pytest.raises(Conflict) as refused:
                row.move(new, actor=staff, at=at, reason="why", **needs)
            assert refused.value.code == "wrong_state"
            assert row.status == old
            continue
        row.move(new, actor=staff, at=at, reason="why", **needs)
        assert row.status == fresh(row).status == new
        assert row.transitions.count() == before + 1
        last = row.transitions.last()
        assert (last.old, last.new, last.actor, last.reason, last.at) == (old, new, staff, "why", at)


@pytest.mark.parametrize("name", GRAPHS)
def test_no_row_stays_where_it_is(name: str) -> None:
    graph = GRAPHS[name]
    assert not any(graph.allows(status, status) for status in graph.statuses.values)


def test_what_is_final() -> None:
    assert REQUEST_GRAPH.final == ["cancelled", "completed"]
    assert OFFER_GRAPH.final == ["accepted", "declined", "expired", "rescinded"]
    assert RIDE_GRAPH.final == ["cancelled", "completed"]
    assert PAYMENT_GRAPH.final == PARTNER_GRAPH.final == APPLICATION_GRAPH.final == []


@pytest.mark.parametrize("old", Application.values)
@pytest.mark.parametrize("new", Application.values)
def test_applications(nyc: Region, staff: User, old: str, new: str) -> None:
    partner = make_applicant("Ann")
    Partner.objects.filter(pk=partner.pk).update(application=old)
    if APPLICATION_GRAPH.allows(old, new):
        decide_application(partner, new, actor=staff, now=timezone.now(), reason="why")
        last = partner.application_transitions.last()
        assert last is not None
        assert (last.old, last.new, last.actor, last.reason) == (old, new, staff, "why")
        assert fresh(partner).application == new
    else:
        with unchanged(), pytest.raises(Conflict) as refused:
            decide_application(partner, new, actor=staff, now=timezone.now())
        assert refused.value.code == "wrong_state"


# ---------------------------------------------------------------- the guard


def test_somebody_was_first(pending: CheerRequest, user: User) -> None:
    """Two have seen it pending; the row count tells the second."""
    first, second = fresh(pending), fresh(pending)
    first.move(RequestStatus.CANCELLED, actor=user, at=timezone.now())
    with unchanged(), pytest.raises(Conflict) as refused:
        second.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now())
    assert refused.value.code == "state_changed"
    assert second.status == RequestStatus.PENDING


def test_many_move_together_or_not_at_all(nyc: Region, user: User, other_user: User) -> None:
    requests = [submit(user), submit(other_user)]
    fresh(requests[1]).move(RequestStatus.CANCELLED, actor=None, at=timezone.now())
    with unchanged(), pytest.raises(Conflict), transaction.atomic():
        move_all(requests, RequestStatus.NO_MATCH, actor=None, at=timezone.now())
    assert [row.status for row in requests] == ["pending", "pending"]


def test_many_seen_in_different_statuses_do_not_move(nyc: Region, user: User, other_user: User) -> None:
    one, other = submit(user), submit(other_user)
    other.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now())
    with unchanged(), pytest.raises(Conflict), transaction.atomic():
        move_all([one, other], RequestStatus.CANCELLED, actor=None, at=timezone.now())


def test_none_is_no_move(nyc: Region) -> None:
    with unchanged():
        move_all([], RequestStatus.CANCELLED, actor=None, at=timezone.now())


def test_fields_change_with_the_status(pending: CheerRequest) -> None:
    pending.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now(), closed_because="x")
    assert (pending.closed_because, fresh(pending).closed_because) == ("x", "x")


def test_a_long_reason_is_cut(pending: CheerRequest) -> None:
    pending.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now(), reason="é" * 1000)
    last = pending.transitions.last()
    assert last is not None
    assert last.reason == "é" * REASON_MAX_CHARS


# ---------------------------------------------------------------- impossible graphs


class Light(models.TextChoices):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@pytest.mark.parametrize(
    ("initial", "edges", "why"),
    [
        ("red", {"red": ["amber"]}, "differ"),  # green is nowhere
        ("red", {"red": ["amber", "green", "blue"]}, "differ"),  # blue is no status
        ("blue", {"red": ["amber"], "amber": ["green"], "green": ["red"]}, "differ"),
        ("red", {"red": ["amber"], "green": ["red"]}, "nothing leads to"),
        ("red", {"red": ["red"], "amber": ["green"], "green": ["amber"]}, "nothing leads to"),
    ],
)
def test_are_refused_at_construction(initial: str, edges: dict[str, list[str]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Graph(Light, initial=initial, edges=edges)


def test_a_possible_one() -> None:
    graph = Graph(Light, initial="red", edges={"red": ["amber"], "amber": ["green"]})
    assert graph.allows("red", "amber")
    assert not graph.allows("amber", "red")
    assert not graph.allows("no such", "red")
    assert graph.final == ["green"]


# ---------------------------------------------------------------- random lives


USER, PARTNER = st.integers(0, 1), st.integers(0, 2)
SELDOM = st.sampled_from([False] * 7 + [True])


class Lives(RuleBasedStateMachine):
    """A few users, partners and staff do what they like, in any order, while time passes.

    Every action either works or is refused with a reason; after each of them the audit finds nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        valkey.client().flushall()
        forget_regions()
        self.transaction = transaction.atomic()
        self.transaction._from_testcase = True  # what happens inside commits; see `_commits` in the cast
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
        with suppress(ServiceError), transaction.atomic():
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
        self.attempt(lambda: tip_ride(ride, amount=stars, currency="usd", now=self.now))

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
    @rule(n=PARTNER, step=st.sampled_from(["start", "end", "end", "cancel"]), stranger=SELDOM, asleep=SELDOM)
    def go_on(self, n: int, step: str, stranger: bool, asleep: bool) -> None:
        ride = Ride.objects.filter(status__in=ACTIVE).first() or Ride.objects.order_by("-accepted_at")[0]
        who = self.partner(n) if stranger else fresh(ride.partner)
        steps: dict[str, Callable[[], object]] = {
            "start": lambda: fulfilment.start_session(who, ride.pk, pin="", now=self.now),
            "end": lambda: fulfilment.end_session(who, ride.pk, now=self.now),
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
        self.attempt(lambda: services.requeue_request(dead, actor=self.staff, now=self.now))
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
        assert positions.serving("nyc") == serving

    @invariant()
    def nobody_is_asked_again_who_said_no(self) -> None:
        asked: dict[tuple[Any, Any], list[str]] = defaultdict(list)
        for offer in Offer.objects.order_by("created_at"):
            asked[offer.request_id, offer.partner_id].append(offer.status)
        for answers in asked.values():
            assert not {OfferStatus.DECLINED, OfferStatus.ACCEPTED} & set(answers[:-1])


def test_random_lives(nyc: Region) -> None:
    run_state_machine_as_test(
        Lives,
        settings=hypothesis(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def one_step(life: Lives, random: Random) -> None:
    """Something that can happen now, each kind as likely as the others that can."""
    asleep, stranger = random.random() < 0.1, random.random() < 0.1
    n = random.randrange(3)
    steps: list[Callable[[], None]] = [
        lambda: life.ask(random.randrange(2), random.choice([0, -1500, -6000]), asleep),
        lambda: life.go(n, random.choice(["available", "available", "offline"]), asleep),
        lambda: life.move(random.choice([0, -1000, -4000, -8000]), asleep),
        lambda: life.time_passes(random.choice([1, 10, 21, 125, 301, 601]), asleep),
    ]
    if CheerRequest.objects.filter(status__in=OPEN).exists() and random.random() < 0.3:
        steps.append(lambda: life.call_off(random.randrange(2), stranger, random.random() < 0.2, asleep))
    if Offer.objects.filter(status=OfferStatus.PENDING).exists():
        steps += [lambda: life.accept(n, stranger)] * 3 + [lambda: life.decline(asleep)]
    if Ride.objects.filter(status__in=ACTIVE).exists():
        kinds = ["start", "start", "end", "end", "end", "cancel"]
        steps += [lambda: life.go_on(n, random.choice(kinds), stranger, asleep)] * 3
    if Ride.objects.exists():
        steps.append(lambda: life.rate_and_tip(random.randint(1, 5)))
    if Payment.objects.exists():
        steps.append(life.take_cash)
    if CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).exists():
        steps.append(lambda: life.requeue(asleep))
    if random.random() < 0.1:
        steps.append(lambda: life.release(n, asleep))
        steps.append(lambda: life.decide(n, random.choice([Application.APPROVED, Application.SUSPENDED])))
    random.choice(steps)()


@pytest.mark.parametrize("seed", range(3))
def test_long_lives(nyc: Region, seed: int) -> None:
    """As above, but long, and such that much comes about."""
    life, random = Lives(), Random(seed)
    try:
        for _ in range(120):
            one_step(life, random)
            life.requests_offers_rides_and_partners_agree()
            life.the_map_shows_who_is_available()
            life.nobody_is_asked_again_who_said_no()
        assert Ride.objects.filter(status=RideStatus.COMPLETED).count() >= 3
    finally:
        life.teardown()
