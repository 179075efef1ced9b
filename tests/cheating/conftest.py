"""The stage of the cheating bots: cards are charged, and an established partner is paid out for real."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from payments.books.payout_holds import sweep_payout_holds
from payments.models import Transfer
from payments.provider import accounts
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import Clock
from tests.online import Online, later


class Stage:
    """The provider, the time, and what cheating has led to.

    No payout waits because its partner is new, so only the rule that a cheat breaks can stop the money.
    """

    def __init__(self, online: Online, clock: Clock) -> None:
        self.online, self.clock = online, clock

    def pays(self, partner: Partner) -> None:
        """A partner has finished their payout account."""
        accounts.onboarding_url(partner, return_url="http://testserver/", now=self.clock.now)
        self.online.account.finish_onboarding(partner.payout_account.reference)
        answer = self.online.account.find("account", partner.payout_account.reference)
        accounts.apply_account(answer, now=self.clock.now)

    def settle(self, *, days: float = 60) -> None:
        """Let everything be charged and paid out that nobody stops, long after."""
        self.online.work()
        later(self.clock, days=days)
        self.online.deliver()
        sweep_payout_holds(self.clock.now)
        self.online.work()

    def paid_out(self) -> int:
        """The money that has left for partners, less what was taken back, in minor units."""
        self.settle()
        sent = self.online.account.every("transfer")
        assert len(sent) == Transfer.objects.count()
        return sum(each["amount"] - each["amount_reversed"] for each in sent)


@pytest.fixture
def stage(online: Online, settings: Settings, clock: Clock) -> Stage:
    settings.STRIPE_CONNECT = True
    settings.MIN_SESSION_S = 30.0
    return Stage(online, clock)


@pytest.fixture
def victim(stage: Stage, user: User) -> User:
    """A user who pays by card."""
    stage.online.save_card(user)
    return user


@pytest.fixture
def bot(stage: Stage, partner: Partner) -> Partner:
    """The partner, who is paid by the provider and cheats."""
    stage.pays(partner)
    return partner


def flags(**about: Any) -> list[FlagKind]:
    """The kinds of the flags so far, in order."""
    return [FlagKind(kind) for kind in Flag.objects.filter(**about).order_by("first_at").values_list("kind", flat=True)]
