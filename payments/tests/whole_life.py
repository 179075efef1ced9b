"""A whole life of money, and its promises."""

from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction
from hypothesis import HealthCheck, Phase
from hypothesis import seed as seeded
from hypothesis import settings as hypothesis
from hypothesis.stateful import invariant, run_state_machine_as_test
from pytest_django import Settings

import requests_app.audit
from backoffice.audit import VIOLATION
from core.errors import ServiceError
from payments import audit, credit_audit, manual_audit, reconciling_audit, tax_audit
from payments.books import ledger
from payments.models import Attempt, Entry, Hold, Payment, Refund, Reversal, Transfer
from payments.provider.reconcile import reconcile
from payments.states import OPEN_HOLDS, AttemptStatus, RefundStatus, TransferStatus
from payments.tests.desk_life import DeskLife
from payments.tests.machinery import LONGEST_RETRY_S
from payments.tests.money_life import CURRENCIES
from payments.tests.reckoning import every_error
from payments.tests.two_sides import every_difference, ride_by_ride
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import services
from requests_app.models import CheerRequest
from requests_app.states import OPEN
from tests.cast import Clock
from tests.online import Online

STEPS = 15
COMPARED_EVERY, AUDITED_EVERY = 2, 7  # steps; histories, which only grow, at the end
SOON_ROUNDS = 5  # of the longest wait between two tries: 50 minutes, and banks hold for days
LATER_ROUNDS = 12  # also more than the waits of a payout that is refused until it is given up
LATER_S = 100_000  # a round in which also the next charge of a declined card comes, after up to three days


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings of lives: the fixtures of a test."""

    region: Region
    online: Online
    clock: Clock
    settings: Settings


class Money(DeskLife):
    """A life, and what is always so of it."""

    steps = 0

    @invariant()
    def both_sides_agree_meanwhile(self) -> None:
        """The two sides, often, and what `manage.py audit` would say of money, now and then."""
        self.note_what_is_shown()
        self.steps += 1
        if self.steps % COMPARED_EVERY == 0:
            self.both_sides_agree()
        if self.steps % AUDITED_EVERY == 0:
            self.audit(history=False)

    def both_sides_agree(self) -> None:
        assert every_difference(self.provider) == []

    def audit(self, *, history: bool) -> None:
        promised = [
            *audit.CHECKS,
            *manual_audit.CHECKS,
            *credit_audit.CHECKS,
            *tax_audit.CHECKS,
            *reconciling_audit.CHECKS,
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
            forget_regions()

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
        self.every_bank_decides()
        self.everything_is_done()
        self.provider.deliver(twice=True)
        self.provider.work()
        # What is given for the last cheer is given a day after it was paid. What the last events have made due, and a
        # balance does not cover, is given up.
        self.everything_is_done()
        self.note_what_is_shown()
        self.both_sides_agree()
        self.audit(history=True)
        self.everything_has_come_to_an_end()
        self.both_sides_are_equal()
        assert every_error(self) == []

    def everything_is_done(self) -> None:
        """All that is due is done, until nothing is due any more."""
        for _ in range(LATER_ROUNDS):
            self.clock.advance(LATER_S)
            self.sweep()
            self.provider.work()

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
        for transfer in Transfer.objects.filter(status=TransferStatus.PLANNED).select_related("payment"):
            available = self.provider.account.available(transfer.payment.currency)
            assert transfer.amount > available, "a payout hangs that our balance covers"
        paid_out = Reversal.objects.filter(status=TransferStatus.PLANNED, transfer__status=TransferStatus.SUCCEEDED)
        assert [r.key for r in paid_out] == []
        for intent in self.provider.intents():
            waits = intent["id"] in self.shown and intent["status"] in ("requires_action", "requires_payment_method")
            assert intent["status"] in ("succeeded", "canceled") or waits, intent

    def both_sides_are_equal(self) -> None:
        """Nothing is on its way any more: each side alone gives the sum of every ride.

        Of a refund that a bank returns, and of a dispute, there are only events; where these were lost, the reconciler
        is who finds it.
        """
        run = reconcile(self.began, now=self.clock.now)
        assert [repaired for repaired in run.repaired if not repaired.startswith(("re_", "dp_"))] == []
        if run.repaired:
            self.everything_is_done()
        run = reconcile(self.began, now=self.clock.now)
        assert (run.differences, run.repaired) == ([], [])
        assert list(ride_by_ride(self.provider, settled=True)) == []
        for currency in CURRENCIES:  # with the provider's fees, which the reconciler books
            booked = ledger.balance("provider", Entry.objects.filter(currency=currency))
            assert (currency, booked) == (currency, self.provider.account.balance(currency))


def live(how: Surroundings, *, lives: int, seed: int, shrink: bool = False) -> None:
    """Live so many lives from a seed, and raise what the first wrong one raises; with `shrink`, its shortest form."""
    how.settings.STRIPE_CONNECT = True
    for name in ("online", "clock", "region", "settings"):
        setattr(Money, name, getattr(how, name))
    Money.starts_at = how.clock.now
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    run_state_machine_as_test(
        seeded(seed)(Money),
        settings=hypothesis(
            max_examples=lives,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
