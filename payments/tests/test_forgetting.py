"""What is forgotten: the cards of who leaves, and what old events told."""

import pytest

from accounts.models import Partner, User
from fake_stripe.server import FAULTS
from payments.models import Customer, ProviderEvent
from payments.operations import Operation
from payments.provider import cards
from payments.provider.steps import STEPS
from payments.sweep import forget_events
from regions.models import Region
from tests.cast import Clock, fresh, unchanged
from tests.online import Online, later
from tests.online_scenes import charged
from web.privacy.deletion import delete_account


def attached(online: Online) -> list[str]:
    """The cards that the provider could still charge."""
    return [card["id"] for card in online.account.every("payment_method") if card["customer"]]


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
    with unchanged():
        STEPS[Operation.CUSTOMER](user.pk)


def test_twice_is_as_good(online: Online, two_cards: None, user: User, clock: Clock) -> None:
    for _ in range(2):
        cards.forget(user, now=clock.now)
        online.work()
        assert attached(online) == []


def test_without_a_provider_nothing_is_planned(user: User, clock: Clock) -> None:
    Customer.objects.create(user=user, reference="cus_1", created_at=clock.now)
    delete_account(user, now=clock.now)
    assert Customer.objects.get().next_step_at is None


def test_old_events_are_emptied_and_still_known(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    online.save_card(user)
    charged(online, user, nyc, clock)
    event = online.events[0]
    online.deliver()
    with unchanged():
        forget_events(clock.now)
    later(clock, days=31)
    forget_events(clock.now)
    assert fresh(ProviderEvent.objects.get(pk=event["id"])).payload != {}  # not before it has been acted on
    online.work()
    forget_events(clock.now)
    assert not ProviderEvent.objects.exclude(payload={}).exists()
    with unchanged():
        assert online.send(event).status_code == 200
