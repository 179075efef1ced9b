"""Lost replies, replayed events, dead processes: money moves once."""

import json
import time
from random import Random
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Partner, User
from fake_stripe.server import FAULTS
from payments.models import Attempt, Entry, Hold, Payment, ProviderEvent
from payments.operations import Operation
from payments.provider import gateway
from payments.provider.reconcile import reconcile, reconcile_today
from payments.provider.steps import STEPS, execute
from payments.states import AttemptStatus, HoldStatus, PaymentStatus
from regions.models import Region
from tests.cast import Clock, assert_refused, fresh, unchanged
from tests.online import CLIENT, Online, later, set_region
from tests.online_scenes import book, charged, ended, fare_of


@pytest.fixture
def carded(online: Online, user: User) -> User:
    online.save_card(user)
    return user


def settle(online: Online, clock: Clock) -> None:
    """Let the repetitions come."""
    for _ in range(6):
        later(clock, minutes=20)
        online.work()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hold", [0, 6000])
def test_a_failed_call_is_repeated_and_has_one_effect(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock, fault: str, hold: int
) -> None:
    set_region(hold_amount=hold)
    ride = ended(online, carded, nyc, clock)
    online.fail(fault)
    online.work()
    settle(online, clock)
    assert (fare_of(ride).status, online.taken(), online.held()) == (PaymentStatus.PAID, 1000, 0)
    assert sum(1 for charge in online.account.every("charge") if charge["amount_captured"]) == 1
    assert Entry.objects.filter(kind="collected").count() == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_so_is_a_hold(online: Online, carded: User, clock: Clock, fault: str) -> None:
    online.fail(fault)
    book(online, carded)
    later(clock, minutes=2)
    online.work()
    assert Hold.objects.get().status == HoldStatus.AUTHORIZED
    assert online.held() == 6000


def test_a_step_run_again_does_nothing(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    charged(online, carded, nyc, clock)
    with unchanged():
        for operation, step in STEPS.items():
            for pk in operation.rows.model._default_manager.values_list("pk", flat=True):
                step(pk)


def test_the_provider_is_never_called_inside_a_transaction(online: Online, carded: User) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        gateway.gateway().create_customer("k", metadata={})


# ---------------------------------------------------------------- events


def test_an_event_is_stored_and_its_object_fetched(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = ended(online, carded, nyc, clock)
    attempt = Attempt.objects.get()
    forged = {"id": attempt.reference, "object": "payment_intent", "status": "succeeded", "amount_received": 1000}
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": forged}}
    assert online.send(event).status_code == 200
    assert ProviderEvent.objects.get(pk="evt_1").processed_at is None
    execute(Operation.EVENT, "evt_1")
    assert ProviderEvent.objects.get(pk="evt_1").processed_at is not None
    assert fare_of(ride).status == PaymentStatus.PROCESSING  # whatever the event says, nothing was captured yet
    online.work()
    assert fare_of(ride).status == PaymentStatus.PAID


def test_events_twice_late_and_in_any_order(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = charged(online, carded, nyc, clock)
    entries = Entry.objects.count()
    for seed in range(3):
        events = list(online.events)
        online.deliver(shuffled=Random(seed), twice=True)
        online.work()
        online.events[:] = events
    assert (fare_of(ride).status, online.taken(), Entry.objects.count()) == (PaymentStatus.PAID, 1000, entries)


def test_the_event_comes_before_the_reply(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    set_region(hold_amount=0)
    ride = ended(online, carded, nyc, clock)
    online.fail("lost_reply")
    online.run_operations()
    assert Attempt.objects.get().status == AttemptStatus.PLANNED
    online.deliver()
    online.work()
    assert fare_of(ride).status == PaymentStatus.PAID
    settle(online, clock)
    assert online.taken() == 1000


def test_stale_forged_and_huge_events_are_refused(online: Online, carded: User) -> None:
    event: dict[str, Any] = {"id": "evt_9", "type": "payment_intent.succeeded", "data": {"object": {}}}
    with unchanged():
        assert_refused(online.send(event, at=time.time() - 301), 400, "invalid_signature", "Stripe-Signature")
        assert_refused(online.send({**event, "pad": "x" * 300_000}), 413, "too_large")
        raw = json.dumps(event).encode()
        answer = CLIENT.generic("POST", "/updatePaymentInfo", raw, content_type="application/json")
        assert_refused(answer, 400, "invalid_signature", "Stripe-Signature")


# ---------------------------------------------------------------- the reconciler


def test_it_repairs_what_was_missed(online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock) -> None:
    set_region(hold_amount=0)
    ride = ended(online, carded, nyc, clock)
    online.fail("lost_reply")
    online.run_operations()
    run = reconcile(clock.now - (clock.now - fresh(carded).created_at) * 2, now=clock.now)
    assert len(run.repaired) == 1
    assert run.differences == []
    assert fare_of(ride).status == PaymentStatus.PAID


def test_it_reports_what_can_not_be(online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock) -> None:
    charged(online, carded, nyc, clock)
    intent = online.account.create_payment_intent(
        {
            "amount": "700",
            "customer": online.intents()[0]["customer"],
            "payment_method": Attempt.objects.get().card_reference,
            "confirm": "true",
        }
    )
    run = reconcile_today(clock.now)
    assert run is not None
    assert run.differences == [f"{intent['id']}: no row of ours knows it"]
    assert reconcile_today(clock.now) is None  # once a day


def test_what_the_provider_does_not_list(
    online: Online, carded: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    charged(online, carded, nyc, clock)
    for move in online.account.every("balance_transaction"):
        del online.account.things[move["id"]]
    later(clock, hours=1)
    run = reconcile_today(clock.now)
    assert run is not None
    assert run.differences == [f"{Attempt.objects.get().pk}: the provider has not moved what is booked as collected"]


# ---------------------------------------------------------------- whose is it


def test_the_card_api(online: Online, user_api: Any, other_user_api: Any, partner_api: Any) -> None:
    assert_refused(user_api.get("/card"), 404, "not_found")
    setup = user_api.post("/cardSetup").json()
    assert set(setup) == {"setupIntentId", "clientSecret", "publishableKey"}
    body = {"setupIntentId": setup["setupIntentId"]}
    assert_refused(user_api.post("/card", body), 409, "card_not_saved")
    online.account.confirm_setup_intent(setup["setupIntentId"], {"payment_method": "pm_card_visa"})
    assert_refused(other_user_api.post("/card", body), 404, "not_found")
    assert user_api.post("/card", body).json() == {"brand": "visa", "last4": "4242", "expMonth": 12, "expYear": 2034}
    assert user_api.get("/card").json()["last4"] == "4242"
    assert_refused(user_api.post("/card", {"setupIntentId": "seti_none"}), 404, "not_found")
    assert_refused(partner_api.post("/cardSetup"), 403, "permission_denied")


def test_without_a_provider(user_api: Any) -> None:
    assert_refused(user_api.post("/cardSetup"), 409, "payments_offline")


def test_paying_is_for_the_one_who_owes(
    online: Online, carded: User, user_api: Any, outsider_api: Any, partner: Partner, nyc: Region, clock: Clock
) -> None:
    ride = charged(online, carded, nyc, clock)
    path = f"/payment/{fare_of(ride).pk}"
    for what in ("pay", "confirmation"):
        assert_refused(outsider_api.post(f"{path}/{what}"), 404, "not_found")
    assert_refused(user_api.post(f"{path}/pay"), 409, "already_paid")
    assert_refused(user_api.post(f"{path}/confirmation"), 409, "nothing_to_confirm")
    # An amount from a client is not even read.
    assert_refused(user_api.post(f"{path}/pay", {"amount": 1}), 409, "already_paid")
    assert Payment.objects.get().amount == 1000
