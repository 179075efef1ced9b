"""The machinery of a random life of money: due work runs, calls fail, processes die, events go astray, time passes."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from payments.books.credits import sweep_credits
from payments.books.dunning import REMINDERS, dun
from payments.books.payout_holds import sweep_payout_holds
from payments.books.referrals import sweep_referrals
from payments.operations import Operation
from payments.provider.gateway import ProviderError
from payments.provider.reconcile import reconcile
from payments.provider.steps import STEPS, execute
from payments.tests.mishaps import DEATH, FAULT, dying_at
from requests_app.hold_answers import sweep_holds
from requests_app.serving.session_holds import sweep_sessions
from tests.cast import Clock
from tests.online import Online

WAITS_S = [1, 30, 150, 600, 3700, 90_000]
LONGEST_RETRY_S = 601
WHICH = st.integers(0, 9)


class Machinery(RuleBasedStateMachine):
    """Everything that goes on behind what people do, and goes wrong."""

    clock: Clock
    provider: Online
    began: datetime

    def run_once(self, operations: Iterable[Operation], fault: str, death: int | None) -> None:
        """Each due job runs once, and each of its calls meets a fault or dies."""
        for operation in operations:
            for pk in list(operation.rows.claim_due(self.clock.now)):
                self.run(operation, pk, fault, death)

    def run(self, operation: Operation, pk: Any, fault: str, death: int | None) -> None:
        self.provider.server.faults.clear()
        if fault:
            self.provider.fail(fault)
        with dying_at(death):
            execute(operation, pk)
        self.provider.server.faults.clear()

    @rule(seconds=st.sampled_from(WAITS_S))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.provider.account.expire_holds()
        self.sweep()

    def sweep(self) -> None:
        """The work of the sweep on money, beside the operations."""
        for look in (sweep_holds, sweep_sessions, sweep_payout_holds, sweep_credits, sweep_referrals):
            look(self.clock.now)
        for payment in list(REMINDERS.claim_due(self.clock.now)):
            dun(payment)

    @rule(fault=FAULT, death=DEATH)
    def run_everything(self, fault: str, death: int | None) -> None:
        self.run_once(Operation, fault, death)

    @rule(which=WHICH, fault=FAULT, death=DEATH, twice=st.booleans())
    def run_an_operation(self, which: int, fault: str, death: int | None, twice: bool) -> None:
        found = [
            (operation, pk)
            for operation in Operation
            for pk in operation.rows.model._default_manager.filter(next_step_at__lte=self.clock.now).values_list(
                "pk", flat=True
            )
        ]
        if found:
            operation, pk = found[which % len(found)]
            self.run(operation, pk, fault, death)
            if twice:  # as by a worker whose lease has lapsed, and who does not know
                STEPS[operation](pk)

    @rule(random=st.randoms(use_true_random=False), twice=st.booleans(), lost=st.booleans(), death=DEATH)
    def events_arrive(self, random: Random, twice: bool, lost: bool, death: int | None) -> None:
        """Some of them, in any order, perhaps twice; the others are late, or lost. We may die over one."""
        events = self.provider.events
        random.shuffle(events)
        late, events[:] = events[3:], events[:3]
        dying = events[0] if events and death is not None else None
        if dying is not None:
            with dying_at(death):
                self.provider.send(dying)
        self.provider.deliver(shuffled=random, twice=twice)
        events.extend([] if lost else late)

    @rule()
    def compare(self) -> None:
        with suppress(ProviderError):
            reconcile(self.began, now=self.clock.now)
