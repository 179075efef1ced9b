"""Scenes of disputes: a paid fare, its payout, and the state of the books."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from backoffice.audit import VIOLATION
from payments.audit import CHECKS
from payments.books import ledger
from payments.models import Payment, Transfer
from regions.models import Region
from tests.cast import Clock
from tests.online import Online, set_region
from tests.online_scenes import charged, fare_of

FEE = 1500


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Payment:
    """A fare of $10, captured from a hold; $8 of it are the partner's."""
    set_region(hold_amount=1500, holds_max=1)
    online.save_card(user)
    return fare_of(charged(online, user, nyc, clock))


@pytest.fixture
def paid_out(online: Online, paid: Payment, partner: Partner, settings: Settings) -> Transfer:
    """The partner's share of it has been transferred."""
    settings.STRIPE_CONNECT = True
    online.connect(partner)
    return Transfer.objects.get()


def open_dispute(online: Online, payment: Payment, **how: Any) -> str:
    return str(online.account.open_dispute(payment.third_party_reference_id, **how)["id"])


def hear(online: Online, *, twice: bool = False) -> None:
    online.deliver(twice=twice)
    online.work()


def books() -> dict[str, int]:
    accounts = ("provider", "disputed", "written_off", "fees")
    return {account: ledger.balance(account) for account in accounts if ledger.balance(account)}


def broken(clock: Clock, kind: str = VIOLATION) -> list[str]:
    return [check.name for check in CHECKS if check.kind == kind and check.look(clock.now).wrong]


def odd(clock: Clock) -> list[str]:
    return [check.name for check in CHECKS if check.look(clock.now).wrong]
