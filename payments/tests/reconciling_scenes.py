"""Scenes of comparisons with the provider: a fare that has been paid and paid out, and what is found later."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from payments.models import Payment, Reconciliation, Transfer
from payments.provider.reconcile import reconcile
from payments.reconciling_audit import CHECKS
from payments.states import TransferStatus
from regions.models import Region
from tests.cast import Clock
from tests.online import Online, later
from tests.online_scenes import charged, fare_of

FEE = 59  # of a charge of 1000


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock) -> Payment:
    """A fare of $10 of which the partner has been paid $8."""
    settings.STRIPE_CONNECT = True
    online.save_card(user)
    online.connect(partner)
    fare = fare_of(charged(online, user, nyc, clock))
    online.work()
    assert Transfer.objects.get().status == TransferStatus.SUCCEEDED
    return fare


def read(clock: Clock) -> Reconciliation:
    """A comparison an hour later, which can be judged to the end."""
    return reconcile(now=later(clock, hours=1))


def stray(online: Online, amount: str = "700") -> dict[str, Any]:
    """A charge that nobody here has asked for."""
    known = online.intents()[0]
    params = {"amount": amount, "customer": known["customer"], "confirm": "true"}
    return online.account.create_payment_intent({**params, "payment_method": known["payment_method"]})


def broken(clock: Clock) -> list[str]:
    return [check.name for check in CHECKS if check.look(clock.now).wrong]
