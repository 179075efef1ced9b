"""Random lives of money: sessions, fees, tips and refunds, while calls fail, processes die and events go astray.

Whatever happens, at every step and for every ride: what the provider took is at most what is owed; the ledger's open
and collected amounts make up fares, fees and tips, less refunds. And once everything has settled, the provider's list
and ours agree to the cent, with nothing left held. `MONEY_SEQUENCES=5000` makes many more lives than the suite has time
for.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from random import Random
from typing import Any

from django.db import connection, transaction
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.models import Partner, User
from payments import cards, errands, ledger
from payments.audit import CHECKS
from payments.demo_stripe.server import FAULTS
from payments.gateway import ProviderError
from payments.models import Attempt, Entry, Hold, Payment, PaymentKind
from payments.reconcile import reconcile
from payments.refunds import refund, refundable
from payments.states import OPEN_HOLDS, AttemptStatus
from regions.models import Region
from requests_app import fulfilment, services
from requests_app.bookings import sweep_holds, sweep_sessions
from requests_app.models import CheerRequest
from requests_app.states import OPEN
from rides.models import Ride
from rides.services import tip_ride
from rides.states import ACTIVE, RideStatus
from speedycheers.errors import ServiceError
from tests.cast import Clock, fresh, make_partner, make_staff, make_user, match, offered_to, open_offer, submit
from tests.online import Online, set_region

SEQUENCES = int(os.environ.get("MONEY_SEQUENCES", "25"))
STEPS = 15
CARDS = [
    "pm_card_visa",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredSetupForOffSession",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "pm_card_chargeCustomerFail",
]
HOLDS = [0, 1500, 6000]
WAITS_S = [1, 30, 150, 600, 3700, 90_000]


class Crash(BaseException):
    """The process dies here."""


@contextmanager
def dying_at(statement: int | None) -> Iterator[None]:
    """Die instead of sending the n-th statement to the database. What has been committed before stays."""
    left = [statement]

    def count(execute: Any, *arguments: Any) -> Any:
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                left[0] = None  # the roll-back that a dead process's connection gets is not stopped
                raise Crash
        return execute(*arguments)

    with suppress(Crash), connection.execute_wrapper(count):
        yield


class Money(RuleBasedStateMachine):
    """Two users, one partner, and everything that can go wrong."""

    online: Online
    clock: Clock
    region: Region

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block._from_testcase = True  # a life is a test's: rolled back at its end
        self.block.__enter__()
        self.provider = Online(self.online.server)
        self.began = self.clock.now
        self.staff = make_staff("Stella")
        self.partner: Partner = make_partner("Pia")
        self.users: list[User] = [make_user("Ada"), make_user("Grace")]
        set_region(hold_amount=6000)
        for user in self.users:
            self.provider.save_card(user)

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)
            set_region(hold_amount=6000)

    # ------------------------------------------------------------ what people do

    @rule(who=st.integers(0, 1), hold=st.sampled_from(HOLDS), answered=st.booleans())
    def book(self, who: int, hold: int, answered: bool) -> None:
        """Ask for a cheer; the card's bank may have answered, or not yet."""
        set_region(hold_amount=hold)
        with suppress(ServiceError):
            submit(fresh(self.users[who]))
        if answered:
            self.run_holds()

    @rule(who=st.integers(0, 1), hold=st.sampled_from(HOLDS), minutes=st.integers(1, 70))
    def have_a_session(self, who: int, hold: int, minutes: int) -> None:
        """From the booking to the end of the session. What is to be charged then goes its own way."""
        self.end()
        self.book(who, hold, answered=True)
        sweep_holds(self.clock.now)
        self.serve()
        self.serve()
        for _ in range(minutes // 10 + 1):
            self.clock.advance(60 * minutes / (minutes // 10 + 1))
            sweep_sessions(self.clock.now)
            self.run_holds()
            sweep_holds(self.clock.now)
        self.end()

    def run_holds(self) -> None:
        """Run what is due about holds, with nothing in the way."""
        self.provider.server.faults.clear()
        for pk in errands.due("hold", self.clock.now):
            errands.run("hold", pk)

    @rule()
    def serve(self) -> None:
        """Whoever can be served is, one step further."""
        match(self.region)
        for request in CheerRequest.objects.filter(status__in=OPEN):
            if offered_to(request) is not None:
                fulfilment.accept_offer(fresh(self.partner), offer_id=open_offer(request).pk, now=self.clock.now)
                return
        for ride in Ride.objects.filter(status__in=ACTIVE):
            if ride.status == RideStatus.EN_ROUTE:
                fulfilment.start_session(fresh(self.partner), ride.pk, pin="", now=self.clock.now)
                return

    @rule()
    def end(self) -> None:
        for ride in Ride.objects.filter(status=RideStatus.IN_PROGRESS):
            fulfilment.end_session(fresh(self.partner), ride.pk, now=self.clock.now)

    @rule(who=st.integers(0, 1))
    def cancel(self, who: int) -> None:
        for request in CheerRequest.objects.filter(status__in=OPEN, user=self.users[who]):
            with suppress(ServiceError):
                services.cancel_request(self.users[who], request.pk, reason="", now=self.clock.now)

    @rule(amount=st.integers(1, 5000))
    def tip(self, amount: int) -> None:
        ride = Ride.objects.filter(status=RideStatus.COMPLETED).order_by("-accepted_at").first()
        if ride is not None:
            with suppress(ServiceError):
                tip_ride(ride, amount=amount, currency="usd", now=self.clock.now)

    @rule(share=st.integers(1, 100), which=st.integers(0, 9))
    def refund(self, share: int, which: int) -> None:
        payments = list(Payment.objects.order_by("created_at", "pk"))
        if payments:
            payment = payments[which % len(payments)]
            with suppress(ServiceError):
                amount = max(1, refundable(payment) * share // 100)
                refund(payment, amount=amount, reason="sorry", actor=self.staff, now=self.clock.now)

    @rule(who=st.integers(0, 1), card=st.sampled_from(CARDS))
    def save_card(self, who: int, card: str) -> None:
        self.clock.advance(1)
        self.provider.server.faults.clear()
        with suppress(ServiceError):
            self.provider.save_card(self.users[who], card)

    @rule(agrees=st.booleans())
    def confirm(self, agrees: bool) -> None:
        """The user does what their bank asks, or does not. Only what we have shown them can be confirmed."""
        shown = {a.reference: a.card_reference for a in Attempt.objects.filter(status=AttemptStatus.REQUIRES_ACTION)}
        shown |= {h.reference: h.card_reference for h in Hold.objects.filter(status="requires_action")}
        from payments.demo_stripe.errors import Refusal

        for reference, card in shown.items():
            with suppress(Refusal):
                if self.provider.account.things[reference]["status"] == "requires_payment_method":
                    self.provider.account.confirm_payment_intent(reference, {"payment_method": card})
                self.provider.account.answer_payment_intent(reference, agrees=agrees)

    @rule(who=st.integers(0, 1))
    def pay_now(self, who: int) -> None:
        for payment in Payment.objects.filter(user=self.users[who]):
            with suppress(ServiceError):
                cards.pay_now(self.users[who], payment.pk, now=self.clock.now)

    # ------------------------------------------------------------ what goes on behind, and wrong

    @rule(seconds=st.sampled_from(WAITS_S))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.provider.account.expire_holds()
        sweep_holds(self.clock.now)
        sweep_sessions(self.clock.now)

    @rule(fault=st.sampled_from(FAULTS), dies_at=st.one_of(st.none(), st.integers(0, 60)))
    def run_everything_badly(self, fault: str, dies_at: int | None) -> None:
        """Whatever is due runs once, and each call meets a fault."""
        for name in errands.STEPS:
            for pk in errands.due(name, self.clock.now):
                self.provider.fail(fault)
                with dying_at(dies_at):
                    errands.run(name, pk)
                self.provider.server.faults.clear()

    @rule(
        which=st.integers(0, 9),
        fault=st.sampled_from(["", "", *FAULTS]),
        dies_at=st.one_of(st.none(), st.integers(0, 60)),
        twice=st.booleans(),
    )
    def run_an_errand(self, which: int, fault: str, dies_at: int | None, twice: bool) -> None:
        found = [
            (name, pk)
            for name, (model, _) in errands.STEPS.items()
            for pk in model._default_manager.filter(next_step_at__lte=self.clock.now).values_list("pk", flat=True)
        ]
        if not found:
            return
        name, pk = found[which % len(found)]
        self.provider.server.faults.clear()
        if fault:
            self.provider.fail(fault)
        with dying_at(dies_at):
            errands.run(name, pk)
        self.provider.server.faults.clear()
        if twice:
            errands.run(name, pk)

    @rule(random=st.randoms(use_true_random=False), twice=st.booleans(), lost=st.booleans())
    def events_arrive(self, random: Random, twice: bool, lost: bool) -> None:
        """Some of them, in any order, perhaps twice; the others are late, or lost."""
        random.shuffle(self.provider.events)
        kept = [] if lost else self.provider.events[3:]
        self.provider.events[:] = self.provider.events[:3]
        self.provider.deliver(shuffled=random, twice=twice)
        self.provider.events.extend(kept)

    @rule()
    def compare(self) -> None:
        with suppress(ProviderError):
            reconcile(self.began - timedelta(hours=1), now=self.clock.now)

    # ------------------------------------------------------------ what is always so

    def taken_by_ride(self) -> dict[str, int]:
        """What the provider has taken for each ride, before refunds."""
        taken: dict[str, int] = defaultdict(int)
        rides = {str(r.request_id): str(r.pk) for r in Ride.objects.all()}
        for intent in self.provider.intents():
            metadata = intent["metadata"]
            ride = metadata.get("rideId") or rides.get(metadata.get("requestId"), "none")
            taken[ride] += intent["amount_received"]
        return taken

    @invariant()
    def nobody_pays_more_than_they_owe(self) -> None:
        taken = self.taken_by_ride()
        assert taken.pop("none", 0) == 0
        for ride in Ride.objects.all():
            payments = list(Payment.objects.filter(ride=ride))
            fees = sum(p.amount for p in payments if p.kind != PaymentKind.FARE)
            owed = (ride.fare_amount or 0) + fees
            assert sum(p.amount for p in payments) == owed
            assert taken[str(ride.pk)] <= owed
            entries = Entry.objects.filter(payment__ride=ride)
            refunded = sum(p.refunded_amount for p in payments)
            pending, captured = ledger.balance("receivable", entries), ledger.balance("provider", entries)
            assert pending >= 0
            assert captured + pending == owed - refunded
            assert captured + refunded <= taken[str(ride.pk)]

    def the_books_agree_with_themselves(self) -> None:
        """What `manage.py audit` would say of money."""
        for check in CHECKS:
            if check.kind == "violation" and check.look(self.clock.now).wrong:
                raise AssertionError(f"{check.name}: {check.look(self.clock.now).examples}")

    # ------------------------------------------------------------ the end

    def settle(self) -> None:
        """No more faults, nobody new: what is due is done, and both sides must agree."""
        self.the_books_agree_with_themselves()
        self.provider.server.faults.clear()
        for user in self.users:
            for request in CheerRequest.objects.filter(status__in=OPEN, user=user):
                with suppress(ServiceError):
                    services.cancel_request(user, request.pk, reason="", now=self.clock.now)
        self.end()
        for _ in range(6):
            self.clock.advance(100_000)
            self.provider.work()
        self.provider.deliver(twice=True)
        self.provider.work()
        self.the_books_agree_with_themselves()
        run = reconcile(self.began - timedelta(hours=1), now=self.clock.now)
        assert (run.differences, run.repaired) == ([], [])
        assert self.provider.held() == 0
        assert not Hold.objects.filter(status__in=OPEN_HOLDS).exists()
        collected = sum(Attempt.objects.filter(status=AttemptStatus.SUCCEEDED).values_list("amount", flat=True))
        refunded = sum(Payment.objects.values_list("refunded_amount", flat=True))
        assert self.provider.taken() == collected - refunded == ledger.balance("provider")


def test_random_money(nyc: Region, online: Online, clock: Clock) -> None:
    Money.online, Money.clock, Money.region = online, clock, nyc
    run_state_machine_as_test(
        Money,
        settings=hypothesis(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
