"""Deletion at the provider: of customers who leave, with their cards, and of the bodies of old events."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Partner, User
from core.errors import Missing
from fake_stripe.server import FAULTS
from ops.pruner import prune
from payments.models import Customer, Hold, ProviderEvent
from payments.operations import Operation
from payments.provider import cards
from payments.provider.steps import STEPS
from payments.sweep import sweep_operations
from regions.models import Region
from tests.cast import Clock, fresh, unchanged
from tests.online import Online, later
from tests.online_scenes import charged
from web.privacy.deletion import delete_account


def attached(online: Online) -> list[str]:
    """The cards that the provider could still charge."""
    return [card["id"] for card in online.account.every("payment_method") if card["customer"]]


def customers(online: Online) -> list[str]:
    """The customers that the provider has."""
    return [customer["id"] for customer in online.account.every("customer") if not customer.get("deleted")]


@pytest.fixture
def two_cards(online: Online, user: User, clock: Clock) -> None:
    online.save_card(user)
    later(clock, seconds=1)
    online.save_card(user, "pm_card_mastercard")


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_the_provider_lets_go_of_every_card(
    online: Online, two_cards: None, user: User, other_user: User, clock: Clock, fault: str
) -> None:
    online.save_card(other_user)
    delete_account(user, now=clock.now)
    assert len(attached(online)) == 3  # a step, not a call while the account is being deleted
    if fault:
        online.fail(fault)
    online.work()
    for _ in range(3):
        later(clock, hours=12)
        online.work()
    [left] = attached(online)
    assert left == Customer.objects.get(user=other_user).card_reference
    assert Customer.objects.get(user=user).next_step_at is None
    assert customers(online) == [Customer.objects.get(user=other_user).reference]
    with unchanged():
        STEPS[Operation.CUSTOMER](user.pk)


def test_twice_is_as_good(online: Online, two_cards: None, user: User, clock: Clock) -> None:
    for _ in range(2):
        cards.forget(user, now=clock.now)
        online.work()
        assert attached(online) == []


def test_an_account_deleted_without_a_provider_is_deleted_there_later(
    online: Online, two_cards: None, user: User, clock: Clock, settings: Any
) -> None:
    key, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, ""
    delete_account(user, now=clock.now)
    sweep_operations(clock.now)
    STEPS[Operation.CUSTOMER](user.pk)
    assert len(customers(online)) == 1
    settings.STRIPE_SECRET_KEY = key
    later(clock, minutes=1)
    online.work()
    assert customers(online) == []


def test_a_customer_is_not_deleted_before_the_last_call_that_needs_them(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    charged(online, user, nyc, clock)
    online.work()
    delete_account(user, now=clock.now)
    hold = Hold.objects.filter(user=user).latest("created_at")
    Hold.objects.filter(pk=hold.pk).update(next_step_at=clock.now + timedelta(hours=1))
    online.work()
    assert len(customers(online)) == 1
    assert Customer.objects.filter(user=user, next_step_at__gt=clock.now).exists()
    Hold.objects.filter(pk=hold.pk).update(next_step_at=None)
    later(clock, minutes=2)
    online.work()
    assert customers(online) == []


def test_a_card_saved_while_the_account_is_deleted_is_not_kept(online: Online, user: User, clock: Clock) -> None:
    setup = cards.begin_setup(user, now=clock.now)
    delete_account(user, now=clock.now)
    online.account.confirm_setup_intent(setup["id"], {"payment_method": "pm_card_visa"})
    online.deliver()
    online.work()
    assert Customer.objects.get(user=user).card_last4 == ""
    assert customers(online) == attached(online) == []


def test_a_customer_made_while_the_account_is_deleted_is_deleted_again(
    online: Online, user: User, clock: Clock
) -> None:
    gone = User.objects.get(pk=user.pk)
    delete_account(user, now=clock.now)
    with pytest.raises(Missing):
        cards.begin_setup(gone, now=clock.now)
    assert len(customers(online)) == 1
    online.work()
    assert customers(online) == []


def test_old_events_are_emptied_and_still_known(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    charged(online, user, nyc, clock)
    event = online.events[0]
    online.deliver()
    with unchanged():
        prune("payments.ProviderEvent", clock.now)
    later(clock, days=31)
    prune("payments.ProviderEvent", clock.now)
    assert fresh(ProviderEvent.objects.get(pk=event["id"])).payload != {}  # not before it has been acted on
    online.work()
    prune("payments.ProviderEvent", clock.now)
    assert not ProviderEvent.objects.exclude(payload={}).exists()
    with unchanged():
        assert online.send(event).status_code == 200
