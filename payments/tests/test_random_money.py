"""Random lives of money: sessions, fees, tips and refunds, while calls fail, processes die and events go astray.

Whatever happens, after every single step and for every ride: captured + pending = fare + fees + tips - refunds, in
our books and in what the provider itself has; nothing of ours moved money twice there; what is over for us is over
there; and the ledger balances (`two_sides`, `payments.audit`). Once the faults stop, what is held for requests that are
over is let go of at once and by us, before any bank would; everything due comes to an end; and both sides are equal to
the cent.

Bugs that were planted one by one, and found within 12 lives each: another key for the repetition of a charge, a refund
or a payout whose reply was lost; a declined attempt that is not closed with the provider; a hold that is captured
whole, or never let go of; the ledger written after the commit instead of with it; a planned refund whose amount is not
reserved.

`MONEY_SEQUENCES=5000` makes many more lives than the suite has time for; `MONEY_SEED=7` other ones.
"""

import os
from contextlib import suppress

from django.db import transaction
from hypothesis import HealthCheck, seed
from hypothesis import settings as hypothesis
from hypothesis.stateful import invariant, run_state_machine_as_test
from pytest_django import Settings

import requests_app.audit
from backoffice.audit import VIOLATION
from core.errors import ServiceError
from payments import audit, credit_audit, manual_audit
from payments.books import ledger
from payments.models import Attempt, Hold, Payment, Refund, Reversal, Transfer
from payments.provider.reconcile import reconcile
from payments.states import OPEN_HOLDS, AttemptStatus, RefundStatus, TransferStatus
from payments.tests.credit_life import CreditLife
from payments.tests.money_life import LONGEST_RETRY_S
from payments.tests.two_sides import every_difference, ride_by_ride
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest
from requests_app.states import OPEN
from tests.cast import Clock
from tests.effort import tries
from tests.online import Online, set_region

SEQUENCES = int(os.environ.get("MONEY_SEQUENCES", "0")) or tries(25)
SEED = os.environ.get("MONEY_SEED", "")
STEPS = 15
SOON_ROUNDS = 5  # of the longest wait between two tries: 50 minutes, and banks hold for days
LATER_ROUNDS = 12  # also more than the waits of a payout that is refused until it is given up
LATER_S = 100_000  # a round in which also the next charge of a declined card comes, after up to three days


class Money(CreditLife):
    """A life, and what is always so of it."""

    @invariant()
    def both_sides_agree(self) -> None:
        self.note_what_is_shown()
        assert every_difference(self.provider) == []

    @invariant()
    def the_books_agree_with_themselves(self) -> None:
        """What `manage.py audit` would say of money; of histories, which only grow, at the end."""
        self.audit(history=False)

    def audit(self, *, history: bool) -> None:
        promised = [
            *audit.CHECKS,
            *manual_audit.CHECKS,
            *credit_audit.CHECKS,
            *(check for check in requests_app.audit.CHECKS if "hold" in check.name),
        ]
        checks = [c for c in promised if c.kind == VIOLATION and (history or "_history_" not in c.name)]
        found = {check.name: check.look(self.clock.now) for check in checks}
        assert {name: result.examples for name, result in found.items() if result.wrong} == {}

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)
            set_region(hold_amount=6000)

    def settle(self) -> None:
        """No more faults, nobody new: what is due is done, and both sides must be equal."""
        self.provider.server.faults.clear()
        for user in self.users:
            for request in CheerRequest.objects.filter(status__in=OPEN, user=user):
                with suppress(ServiceError):
                    services.cancel_request(user, request.pk, reason="", now=self.clock.now)
        self.end(None)
        for _ in range(SOON_ROUNDS):
            self.clock.advance(LONGEST_RETRY_S)
            self.provider.work()
        self.nothing_is_held_any_more()
        for _ in range(LATER_ROUNDS):
            self.clock.advance(LATER_S)
            self.provider.work()
        self.provider.deliver(twice=True)
        self.provider.work()
        self.both_sides_agree()
        self.audit(history=True)
        self.everything_has_come_to_an_end()
        self.both_sides_are_equal()

    def nothing_is_held_any_more(self) -> None:
        """We have let go of it: no bank has been given the time to."""
        assert [(hold.key, hold.status) for hold in Hold.objects.filter(status__in=OPEN_HOLDS)] == []
        assert self.provider.held() == 0

    def everything_has_come_to_an_end(self) -> None:
        """What is not paid has been declined for good, or waits for a user or a card; nothing hangs."""
        hanging = [AttemptStatus.PLANNED, AttemptStatus.PROCESSING, AttemptStatus.CLOSING, AttemptStatus.SCHEDULED]
        assert [a.key for a in Attempt.objects.filter(status__in=hanging)] == []
        assert [r.key for r in Refund.objects.filter(status=RefundStatus.PLANNED)] == []
        assert [p.pk for p in Payment.objects.filter(status="processing")] == []
        if Transfer.objects.filter(
            status=TransferStatus.PLANNED, amount__lte=self.provider.account.before_fees()
        ).exists():
            raise AssertionError("a payout hangs that our balance covers")
        paid_out = Reversal.objects.filter(status=TransferStatus.PLANNED, transfer__status=TransferStatus.SUCCEEDED)
        assert [r.key for r in paid_out] == []
        for intent in self.provider.intents():
            waits = intent["id"] in self.shown and intent["status"] in ("requires_action", "requires_payment_method")
            assert intent["status"] in ("succeeded", "canceled") or waits, intent

    def both_sides_are_equal(self) -> None:
        """Nothing is on its way any more: each side alone gives the sum of every ride.

        Of a refund that a bank returns there is only an event; where that was lost, the reconciler is who finds it.
        """
        run = reconcile(self.began, now=self.clock.now)
        assert [repaired for repaired in run.repaired if not repaired.startswith("re_")] == []
        self.provider.work()
        run = reconcile(self.began, now=self.clock.now)
        assert (run.differences, run.repaired) == ([], [])
        assert list(ride_by_ride(self.provider, settled=True)) == []
        assert self.provider.account.before_fees() == ledger.balance("provider")
        for payment in Payment.objects.filter(transfers__status=TransferStatus.SUCCEEDED).distinct():
            failed = Reversal.objects.filter(transfer__payment=payment, status=TransferStatus.FAILED)
            kept = sum(failed.values_list("amount", flat=True))
            assert ledger.balance("partners", payment.entries.all()) <= kept, "a partner was paid more than is theirs"


def test_random_money(nyc: Region, online: Online, clock: Clock, settings: Settings) -> None:
    settings.STRIPE_CONNECT = True
    Money.online, Money.clock, Money.region = online, clock, nyc
    # `seed` decorates anything that Hypothesis runs; without one the lives are the same each time.
    run_state_machine_as_test(
        seed(int(SEED))(Money) if SEED else Money,
        settings=hypothesis(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not SEED,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
