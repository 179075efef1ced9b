"""What happens at the same time: every race has one winner, and the books balance afterwards.

Each race is run under several schedules: threads take turns, one statement of the database at a time, in an
order drawn from a seed. The last tests take the guards away and show that the races are real.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from threading import Condition, Thread
from typing import Any

import pytest
from django.db import connection, connections, models
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, SocketTicket, User
from accounts.services import decide_application, issue_socket_ticket, redeem_socket_ticket
from accounts.states import Application
from api.audit import VIOLATION
from notifications.events import Outbox
from payments.models import Payment, PaymentKind, ProviderEvent
from payments.services import settle_in_cash, take_provider_event
from regions.models import Region
from requests_app import availability, fulfilment, offers, services
from requests_app.audit import all_checks
from requests_app.matching import match_batch
from requests_app.models import CheerRequest, Offer
from requests_app.states import OPEN, OfferStatus
from requests_app.sweep import sweep_deadlines
from rides.models import Ride
from rides.services import rate_ride, tip_ride
from speedycheers import transitions
from speedycheers.errors import Conflict, ServiceError
from tests.cast import (
    EMPIRE_STATE,
    PASSWORD,
    accept,
    at,
    client_of,
    decline,
    end,
    fresh,
    in_threads,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    start,
    submit,
)

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = 6
Step = Callable[[], Any]


# ---------------------------------------------------------------- taking turns


class Schedule:
    """Lets threads go on one statement at a time, in an order drawn from a seed.

    A thread that waits for a lock of the database is not waited for: the others go on until it comes back.
    """

    BLOCKED_S = 0.03
    STUCK_S = 60.0

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.changed = Condition()
        self.waiting: set[int] = set()  # at the gate
        self.allowed: set[int] = set()
        self.blocked: set[int] = set()
        self.done: set[int] = set()

    def run(self, *steps: Step) -> list[Any]:
        """Run each step in a thread of its own; returns what each gave or raised, in order."""
        outcomes: list[Any] = [None] * len(steps)

        def body(number: int, step: Step) -> None:
            def gated(execute: Any, *arguments: Any) -> Any:
                self.gate(number)
                return execute(*arguments)

            try:
                with connection.execute_wrapper(gated):
                    outcomes[number] = step()
            except Exception as error:
                outcomes[number] = error
            finally:
                connections.close_all()
                with self.changed:
                    self.done.add(number)
                    self.blocked.discard(number)
                    self.changed.notify_all()

        threads = [Thread(target=body, args=(number, step), daemon=True) for number, step in enumerate(steps)]
        for thread in threads:
            thread.start()
        self.conduct(len(threads))
        for thread in threads:
            thread.join()
        return outcomes

    def gate(self, number: int) -> None:
        """Wait for one's turn."""
        with self.changed:
            self.blocked.discard(number)
            self.waiting.add(number)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: number in self.allowed, self.STUCK_S)
            self.allowed.discard(number)

    def conduct(self, threads: int) -> None:
        """Give turns until all are done."""
        everybody = set(range(threads))
        with self.changed:
            while len(self.done) < threads:
                settled = self.changed.wait_for(
                    lambda: self.waiting | self.blocked | self.done == everybody, self.BLOCKED_S
                )
                if not self.waiting:
                    self.changed.wait(self.BLOCKED_S)
                    continue
                if not settled:
                    self.blocked |= everybody - self.waiting - self.done
                chosen = self.random.choice(sorted(self.waiting))
                self.waiting.discard(chosen)
                self.allowed.add(chosen)
                self.changed.notify_all()


# ---------------------------------------------------------------- the stage


@dataclass
class Stage:
    """Where one race is run: everybody of the races before has gone home."""

    nyc: Region
    staff: User
    name: str

    def clear(self) -> None:
        for partner in Partner.objects.exclude(status="offline"):
            fulfilment.release_partner(partner, actor=self.staff, now=timezone.now())
        for request in CheerRequest.objects.filter(status__in=OPEN):
            services.cancel_request_as_staff(request, actor=self.staff, reason="", now=timezone.now())

    def user(self, suffix: str = "") -> User:
        return make_user(f"U {self.name}{suffix}")

    def partner(self, suffix: str = "", metres: float = 500) -> Partner:
        return make_partner(f"P {self.name}{suffix}", at=north(-metres))

    def offer(self) -> Offer:
        """An open offer to a new partner."""
        self.partner()
        request = submit(self.user())
        match(self.nyc)
        return open_offer(request)

    def ride(self) -> Ride:
        return accept(self.offer())


@dataclass
class Race:
    """Steps that run at the same time, and what must be true of their outcomes."""

    steps: list[Step]
    judge: Callable[[list[Any]], None]


def why(outcome: Any) -> str:
    """How a step ended: "done", or the code of its refusal. Anything else is a fault."""
    if isinstance(outcome, ServiceError):
        return outcome.code
    if isinstance(outcome, BaseException):
        raise outcome
    if hasattr(outcome, "status_code"):
        assert outcome.status_code < 500
        return "done" if outcome.status_code < 400 else str(outcome.json()["errors"][0]["code"])
    return "done"


def one_wins(*refusals: str) -> Callable[[list[Any]], None]:
    """One step works, and the others are refused with one of these codes."""

    def judge(outcomes: list[Any]) -> None:
        reasons = [why(outcome) for outcome in outcomes]
        assert reasons.count("done") == 1, reasons
        assert set(reasons) <= {"done", *refusals}, reasons

    return judge


def one_of(*possible: tuple[str, ...]) -> Callable[[list[Any]], None]:
    """The outcomes are one of these combinations."""

    def judge(outcomes: list[Any]) -> None:
        assert tuple(why(outcome) for outcome in outcomes) in possible

    return judge


def now() -> Any:
    return timezone.now()


# ---------------------------------------------------------------- the races


def accept_and_user_cancels(stage: Stage) -> Race:
    offer = stage.offer()

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("offer_rescinded", "done"))(outcomes)
        assert fresh(offer.request).status == "cancelled"
        assert fresh(offer.partner).status == "available"

    return Race(
        [
            lambda: accept(offer),
            lambda: services.cancel_request(offer.request.user, offer.request_id, reason="", now=now()),
        ],
        judge,
    )


def accept_and_expiry(stage: Stage) -> Race:
    offer = stage.offer()

    def judge(outcomes: list[Any]) -> None:
        accepted, expired = outcomes
        assert (why(accepted), expired) in (("done", False), ("offer_expired", True))

    return Race(
        [
            lambda: fulfilment.accept_offer(fresh(offer.partner), offer_id=offer.pk, now=offer.created_at),
            lambda: offers.expire_offer(offer.pk, now=offer.expires_at),
        ],
        judge,
    )


def accept_and_going_offline(stage: Stage) -> Race:
    offer = stage.offer()
    return Race(
        [lambda: accept(offer), lambda: availability.go_offline(fresh(offer.partner), now=now())],
        one_of(("done", "partner_busy"), ("offer_declined", "done")),
    )


def accept_and_decline(stage: Stage) -> Race:
    offer = stage.offer()
    return Race(
        [lambda: accept(offer), lambda: decline(offer)], one_of(("done", "offer_taken"), ("offer_declined", "done"))
    )


def accept_and_release(stage: Stage) -> Race:
    offer = stage.offer()

    def judge(outcomes: list[Any]) -> None:
        assert why(outcomes[0]) in ("done", "offer_rescinded")
        assert why(outcomes[1]) in ("done", "offer_answered")

    return Race(
        [lambda: accept(offer), lambda: fulfilment.release_partner(offer.partner, actor=stage.staff, now=now())], judge
    )


def two_matchers(stage: Stage) -> Race:
    for number in range(3):
        stage.partner(f" {number}", metres=200 * number)
    requests = [submit(stage.user(f" {number}"), at=north(-150 * number)) for number in range(4)]

    def judge(outcomes: list[Any]) -> None:
        assert {why(outcome) for outcome in outcomes} == {"done"}
        match(stage.nyc)
        asked = [offered_to(request) for request in requests]
        assert len({partner.pk for partner in asked if partner}) == 3
        assert asked.count(None) == 1

    return Race([lambda: match_batch(stage.nyc)] * 3, judge)


def matcher_and_user_cancels(stage: Stage) -> Race:
    stage.partner()
    request = submit(stage.user())

    def judge(outcomes: list[Any]) -> None:
        assert {why(outcome) for outcome in outcomes} == {"done"}
        assert fresh(request).status == "cancelled"
        assert not Offer.objects.filter(request=request, status=OfferStatus.PENDING).exists()

    return Race(
        [
            lambda: match_batch(stage.nyc),
            lambda: services.cancel_request(request.user, request.pk, reason="", now=now()),
        ],
        judge,
    )


def matcher_and_going_offline(stage: Stage) -> Race:
    partner = stage.partner()
    submit(stage.user())
    return Race(
        [lambda: match_batch(stage.nyc), lambda: availability.go_offline(partner, now=now())],
        one_of(("done", "done"), ("done", "partner_offered")),
    )


def matcher_and_suspension(stage: Stage) -> Race:
    partner = stage.partner()
    submit(stage.user())
    return Race(
        [
            lambda: match_batch(stage.nyc),
            lambda: decide_application(partner, Application.SUSPENDED, actor=stage.staff, now=now()),
        ],
        one_of(("done", "done"), ("done", "partner_at_work")),
    )


def end_and_end(stage: Stage) -> Race:
    ride = start(stage.ride())

    def judge(outcomes: list[Any]) -> None:
        one_wins("ride_completed")(outcomes)
        assert Payment.objects.filter(ride=ride).count() == 1

    return Race([lambda: end(ride)] * 3, judge)


def start_and_start(stage: Stage) -> Race:
    ride = stage.ride()
    return Race([lambda: start(ride)] * 2, one_wins("ride_already_started"))


def start_and_user_cancels(stage: Stage) -> Race:
    ride = stage.ride()
    return Race(
        [
            lambda: start(ride),
            lambda: services.cancel_request(ride.user, ride.request_id, reason="", now=now()),
        ],
        one_of(("done", "ride_in_progress"), ("ride_cancelled", "done")),
    )


def start_and_release(stage: Stage) -> Race:
    ride = stage.ride()

    def judge(outcomes: list[Any]) -> None:
        assert why(outcomes[0]) in ("done", "ride_cancelled")
        assert why(outcomes[1]) in ("done", "ride_in_progress")

    return Race(
        [lambda: start(ride), lambda: fulfilment.release_partner(ride.partner, actor=stage.staff, now=now())], judge
    )


def both_sides_cancel(stage: Stage) -> Race:
    ride = stage.ride()

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "ride_cancelled"), ("done", "done"))(outcomes)
        assert fresh(ride.request).status == "cancelled"

    return Race(
        [
            lambda: services.cancel_request(ride.user, ride.request_id, reason="", now=now()),
            lambda: fulfilment.cancel_by_partner(ride.partner, ride.pk, reason="x", now=now()),
        ],
        judge,
    )


def end_and_rating(stage: Stage) -> Race:
    """A repeated end waits for what a rating holds, and must not hold what the rating waits for."""
    ride = end(start(stage.ride()))
    return Race([lambda: end(ride), lambda: rate_ride(ride, stars=5, comment="")], one_of(("ride_completed", "done")))


def rating_and_rating(stage: Stage) -> Race:
    ride = end(start(stage.ride()))

    def judge(outcomes: list[Any]) -> None:
        one_wins("already_rated")(outcomes)
        assert fresh(ride.partner).rating_count == 1

    return Race([lambda: rate_ride(fresh(ride), stars=5, comment="")] * 2, judge)


def tip_and_tip(stage: Stage) -> Race:
    ride = end(start(stage.ride()))

    def judge(outcomes: list[Any]) -> None:
        one_wins("payment_exists")(outcomes)
        assert Payment.objects.filter(ride=ride, kind=PaymentKind.TIP).count() == 1

    return Race([lambda: tip_ride(fresh(ride), amount=1, currency="usd", now=now())] * 2, judge)


def paid_in_cash_and_online(stage: Stage) -> Race:
    payment = Payment.objects.get(ride=end(start(stage.ride())))
    intent = {"metadata": {"paymentId": str(payment.pk)}, "amount_received": payment.amount, "currency": "usd"}
    event = {
        "id": f"evt_{stage.name}",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": f"pi_{stage.name}", **intent}},
    }

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("already_paid", "done"))(outcomes)
        assert [step.new for step in payment.transitions.all()] == ["due", "paid"]

    return Race(
        [
            lambda: settle_in_cash(payment, actor=stage.staff, now=now()),
            lambda: take_provider_event(event, now=now()),
        ],
        judge,
    )


def the_same_event_twice(stage: Stage) -> Race:
    payment = Payment.objects.get(ride=end(start(stage.ride())))
    intent = {"metadata": {"paymentId": str(payment.pk)}, "amount_received": payment.amount, "currency": "usd"}
    event = {
        "id": f"evt_{stage.name}",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": f"pi_{stage.name}", **intent}},
    }

    def judge(outcomes: list[Any]) -> None:
        assert sorted(outcomes) == [False, True]
        assert ProviderEvent.objects.filter(pk=event["id"]).count() == 1

    return Race([lambda: take_provider_event(event, now=now())] * 2, judge)


def one_user_asks_twice(stage: Stage) -> Race:
    user = stage.user()
    return Race([lambda: submit(user)] * 2, one_wins("request_already_open"))


def requeue_and_a_new_request(stage: Stage) -> Race:
    request = submit(stage.user())
    services.dead_letter(request.pk, now=request.give_up_at)
    return Race(
        [
            lambda: services.requeue_request(request, actor=stage.staff, now=now()),
            lambda: submit(request.user),
        ],
        one_wins("request_already_open"),
    )


def one_address_signs_up_twice(stage: Stage) -> Race:
    body = {"email": f"twin.{stage.name}@cast.test", "password": PASSWORD}

    def judge(outcomes: list[Any]) -> None:
        one_wins("email_taken")(outcomes)
        assert User.objects.filter(email=body["email"]).count() == 1

    return Race([lambda: APIClient().post("/signup", body)] * 2, judge)


def one_user_applies_twice(stage: Stage) -> Race:
    clients = [client_of(user) for user in [stage.user()] * 2]
    body = {"phone": "+1 212 555 0100"}
    return Race([lambda c=client: c.post("/partner/apply", body) for client in clients], one_wins("already_applied"))


def one_ticket_twice(stage: Stage) -> Race:
    ticket, _ = issue_socket_ticket(stage.user(), now=now())

    def judge(outcomes: list[Any]) -> None:
        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        assert not SocketTicket.objects.exists()

    return Race([lambda: redeem_socket_ticket(ticket, now=now())[0]] * 2, judge)


def one_key_twice(stage: Stage) -> Race:
    """The same call with the same Idempotency-Key: one effect, and the same answer to both."""
    clients = [client_of(user) for user in [stage.user()] * 2]
    body = {"location": at(EMPIRE_STATE)}

    def judge(outcomes: list[Any]) -> None:
        assert [outcome.status_code for outcome in outcomes] == [201, 201]
        assert outcomes[0].json() == outcomes[1].json()
        assert sorted("Idempotency-Replayed" in outcome for outcome in outcomes) == [False, True]
        assert CheerRequest.objects.filter(user__email__contains=f"u.{stage.name}@").count() == 1

    return Race([lambda c=client: c.post("/cheerRequest", body, HTTP_IDEMPOTENCY_KEY="k") for client in clients], judge)


RACES = [
    accept_and_user_cancels,
    accept_and_expiry,
    accept_and_going_offline,
    accept_and_decline,
    accept_and_release,
    two_matchers,
    matcher_and_user_cancels,
    matcher_and_going_offline,
    matcher_and_suspension,
    end_and_end,
    start_and_start,
    start_and_user_cancels,
    start_and_release,
    both_sides_cancel,
    end_and_rating,
    rating_and_rating,
    tip_and_tip,
    paid_in_cash_and_online,
    the_same_event_twice,
    one_user_asks_twice,
    requeue_and_a_new_request,
    one_address_signs_up_twice,
    one_user_applies_twice,
    one_ticket_twice,
    one_key_twice,
]


def violations() -> list[str]:
    """The promises that are broken now."""
    return [check.promise for check in all_checks() if check.kind == VIOLATION and check.look(now()).wrong]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_one_winner_and_the_books_balance(nyc: Region, staff: User, race: Callable[[Stage], Race]) -> None:
    for seed in range(SEEDS):
        stage = Stage(nyc, staff, str(seed))
        stage.clear()
        built = race(stage)
        built.judge(Schedule(seed).run(*built.steps))
    assert violations() == []


# ---------------------------------------------------------------- without a schedule, and many


def test_fifty_accepts_of_one_offer(nyc: Region, partner: Partner, offer: Offer) -> None:
    clients = [client_of(partner.user) for _ in range(50)]
    body = {"offerId": str(offer.pk)}
    responses = in_threads(*(lambda c=client: c.post("/rideAccept", body) for client in clients))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 49
    assert {response.json()["errors"][0]["code"] for response in responses if response.status_code == 409} == {
        "offer_taken"
    }
    assert Ride.objects.count() == 1
    assert violations() == []


def test_a_storm(nyc: Region, staff: User) -> None:
    """Users, partners, two matchers and a sweep, all at once and unscheduled; then everything is brought to an end."""
    users, partners = [make_user(f"U{n}") for n in range(6)], [make_partner(f"P{n}", at=north(-n)) for n in range(4)]

    def ask(user: User) -> None:
        for _ in range(4):
            try:
                request = submit(user)
                services.cancel_request(user, request.pk, reason="", now=now())
            except ServiceError:
                continue
        if not CheerRequest.objects.filter(user=user, status__in=OPEN).exists():  # else it was taken before its cancel
            submit(user)

    def serve(partner: Partner) -> None:
        random = Random(str(partner.pk))
        for _ in range(15):
            found = Offer.objects.filter(partner=partner, status=OfferStatus.PENDING).select_related("partner").first()
            if found is None:
                match_batch(nyc)
                continue
            try:
                if random.random() < 0.3:
                    decline(found)
                    continue
                ride = accept(found)
                if random.random() < 0.3:
                    fulfilment.cancel_by_partner(partner, ride.pk, reason="x", now=now())
                else:
                    end(start(ride))
            except Conflict:
                continue

    def sweep() -> None:
        for _ in range(10):
            sweep_deadlines(now())

    steps: list[Step] = [lambda u=user: ask(u) for user in users]
    steps += [lambda p=partner: serve(p) for partner in partners]
    outcomes = in_threads(*steps, sweep)
    assert [error for error in outcomes if error is not None] == []
    assert violations() == []


# ---------------------------------------------------------------- that the guards matter


@contextmanager
def no_transaction() -> Iterator[Outbox]:
    outbox = Outbox()
    yield outbox
    outbox.write()


def move_carelessly(rows: Any, new: str, *, actor: Any, at: Any, reason: str = "", **changes: Any) -> None:
    """As `move_all`, but whatever the status is by now."""
    for row in rows:
        if not row.graph.allows(row.status, new):
            raise Conflict("wrong_state")
        type(row)._default_manager.filter(pk=row.pk).update(status=new, **changes)
        type(row).history._default_manager.create(
            subject=row, old=row.status, new=new, actor=actor, reason=reason, at=at
        )
        row.status = new


def take_guards_away(patch: pytest.MonkeyPatch) -> None:
    """No transaction, no row locks, no condition on the status: what is left is the look before the leap."""
    for module in ("fulfilment", "services", "offers", "availability"):
        patch.setattr(f"requests_app.{module}.recorded", no_transaction)
    patch.setattr(models.QuerySet, "select_for_update", lambda rows, **_: rows)
    patch.setattr(transitions, "move_all", move_carelessly)
    patch.setattr("accounts.services.move_all", move_carelessly)


@pytest.mark.parametrize(
    "race", [accept_and_user_cancels, accept_and_expiry, start_and_user_cancels], ids=lambda race: race.__name__
)
def test_without_the_guards_the_race_is_lost(
    nyc: Region, staff: User, monkeypatch: pytest.MonkeyPatch, race: Callable[[Stage], Race]
) -> None:
    broken: set[str] = set()
    for seed in range(40):
        stage = Stage(nyc, staff, f"{race.__name__} {seed}")
        built = race(stage)
        with monkeypatch.context() as patch:
            take_guards_away(patch)
            Schedule(seed).run(*built.steps)
        broken.update(violations())
        if broken:
            break
    assert broken
