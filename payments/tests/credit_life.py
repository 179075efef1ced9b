"""A random life of money in which users have credit, too."""

from datetime import timedelta

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import rule

from payments.books.credits import Grant, give, sweep_credits
from payments.states import CreditKind
from payments.tests.money_life import MoneyLife, chargeable

EVER = timedelta(days=400)  # longer than any credit is good for


class CreditLife(MoneyLife):
    """A life with credit that is spent, given back and ended."""

    @rule(who=st.integers(0, 1), amount=st.sampled_from([1, 333, 970, 2500]))
    def is_given_credit(self, who: int, amount: int) -> None:
        currency = self.prices["currency"]
        with transaction.atomic():
            grant = Grant(self.users[who].pk, CreditKind.APOLOGY, chargeable(amount, currency), currency)
            give(grant, now=self.clock.now)

    @rule()
    def all_credit_expires(self) -> None:
        sweep_credits(self.clock.now + EVER)
