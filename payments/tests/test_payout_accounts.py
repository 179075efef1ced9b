"""Partners' accounts with the provider: two endpoints with their own secrets, and what is followed of an account."""

import json
import time
from typing import Any

import pytest
import requests
from pytest_django import Settings

from accounts.models import Partner, User
from fake_stripe.webhooks import signature
from payments.audit import CHECKS
from payments.books import ledger
from payments.models import Payment, PayoutAccount, ProviderEvent, Transfer
from payments.provider import accounts, gateway
from payments.provider.gateway import Refused
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock, assert_refused, client_of, fresh, unchanged
from tests.online import CLIENT, CONNECT_HOOK_SECRET, HOOK_SECRET, Online, later, set_region
from tests.online_scenes import charged, fare_of

BACK = "http://testserver/partner/statement"


@pytest.fixture
def account(online: Online, settings: Settings, partner: Partner, clock: Clock) -> PayoutAccount:
    settings.STRIPE_CONNECT = True
    accounts.onboarding_url(partner, return_url=BACK, now=clock.now)
    online.work()
    online.events.clear()
    return PayoutAccount.objects.get()


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, clock: Clock) -> Payment:
    set_region(hold_amount=1500, holds_max=1)
    online.save_card(user)
    return fare_of(charged(online, user, nyc, clock))


def post(path: str, event: dict[str, Any], *secrets: str) -> Any:
    """Post an event that is signed with these secrets, as the provider signs with two while one is changed."""
    raw = json.dumps(event).encode()
    first, *others = (signature(raw, secret, time.time()) for secret in secrets)
    header = ",".join([first, *(other.partition(",")[2] for other in others)])
    return CLIENT.generic("POST", path, raw, content_type="application/json", HTTP_STRIPE_SIGNATURE=header)


def about(account: PayoutAccount, id: str = "evt_9", **fields: Any) -> dict[str, Any]:
    thing = {"id": account.reference, "object": "account"}
    named = {"account": account.reference, "livemode": False}
    return {"id": id, "type": "account.updated", "data": {"object": thing}, **named, **fields}


# ---------------------------------------------------------------- two endpoints


def test_a_partner_becomes_ready_by_an_event_of_the_connect_endpoint(online: Online, account: PayoutAccount) -> None:
    online.account.finish_onboarding(account.reference)
    event = online.events[-1]
    assert event["account"] == account.reference
    assert_refused(post("/updatePaymentInfo", event, CONNECT_HOOK_SECRET), 400, "invalid_signature", "Stripe-Signature")
    assert post("/updatePayoutInfo", event, CONNECT_HOOK_SECRET).status_code == 200
    online.work()
    assert fresh(account).ready


@pytest.mark.parametrize(("path", "secret"), [("/updatePaymentInfo", "new"), ("/updatePayoutInfo", "new_connect")])
def test_a_secret_is_changed_without_a_lost_event(
    online: Online, account: PayoutAccount, settings: Settings, path: str, secret: str
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ["new", HOOK_SECRET]
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = ["new_connect", CONNECT_HOOK_SECRET]
    old = CONNECT_HOOK_SECRET if secret == "new_connect" else HOOK_SECRET
    named = {"account": account.reference} if secret == "new_connect" else {}
    for number, signed in enumerate([[old], [secret], [old, secret]]):
        event = {"id": f"evt_{number}", "type": "ping", "livemode": False, **named}
        assert post(path, event, *signed).status_code == 200
    with unchanged():
        assert_refused(
            post(path, {"id": "evt_x", "type": "ping", **named}, "another"),
            400,
            "invalid_signature",
            "Stripe-Signature",
        )
    assert ProviderEvent.objects.count() == 3


def test_events_for_the_other_endpoint_are_refused(online: Online, account: PayoutAccount) -> None:
    ours = {"id": "evt_1", "type": "payment_intent.succeeded", "livemode": False}
    with unchanged():
        assert_refused(post("/updatePaymentInfo", about(account), HOOK_SECRET), 400, "wrong_endpoint")
        assert_refused(post("/updatePayoutInfo", ours, CONNECT_HOOK_SECRET), 400, "wrong_endpoint")


def test_live_and_test_events_are_not_mixed(online: Online, account: PayoutAccount, settings: Settings) -> None:
    ours = {"id": "evt_1", "type": "payment_intent.succeeded"}
    with unchanged():
        live = {**ours, "livemode": True}
        assert_refused(post("/updatePaymentInfo", live, HOOK_SECRET), 400, "wrong_mode")
        # The endpoint for partners' accounts gets events of both modes, so those of the other are taken and forgotten.
        assert post("/updatePayoutInfo", about(account, livemode=True), CONNECT_HOOK_SECRET).status_code == 200
        settings.STRIPE_SECRET_KEY = "rk_live_1"
        assert_refused(post("/updatePaymentInfo", {**ours, "livemode": False}, HOOK_SECRET), 400, "wrong_mode")
        assert post("/updatePayoutInfo", about(account), CONNECT_HOOK_SECRET).status_code == 200


@pytest.mark.parametrize("asked", [True, False])
def test_a_partners_own_payment_pays_nothing_of_ours(
    completed: Ride, online: Online, account: PayoutAccount, settings: Settings, asked: bool
) -> None:
    if not asked:
        settings.STRIPE_SECRET_KEY = ""  # the signed event itself is believed
    ours = fare_of(completed)
    stolen = {"id": "pi_x", "object": "payment_intent", "metadata": {"paymentId": str(ours.pk)}, "status": "succeeded"}
    thing = {**stolen, "amount_received": ours.amount, "currency": ours.currency}
    theirs = about(account, type="payment_intent.succeeded", data={"object": thing})
    assert post("/updatePayoutInfo", theirs, CONNECT_HOOK_SECRET).status_code == 200
    online.work()
    assert ProviderEvent.objects.get().processed_at is not None
    assert (fresh(ours).status, ours.attempts.count(), ours.entries.filter(kind="collected").count()) == ("due", 0, 0)


# ---------------------------------------------------------------- what is followed


def test_only_the_capability_makes_a_partner_ready(online: Online, account: PayoutAccount, paid: Payment) -> None:
    online.account.review_account(account.reference)  # payouts are possible, transfers are not
    online.deliver()
    online.work()
    assert not fresh(account).ready
    assert fresh(account).trouble == "requirements.pending_verification"
    assert not Transfer.objects.exists()
    online.account.finish_onboarding(account.reference)
    online.deliver()
    online.work()
    assert fresh(account).ready
    assert Transfer.objects.get().status == "succeeded"
    online.account.restrict_account(account.reference)
    online.deliver()
    online.work()
    assert (fresh(account).ready, fresh(account).trouble) == (False, "rejected.fraud")


def test_a_lost_event_is_made_up_for_within_a_day(online: Online, account: PayoutAccount, clock: Clock) -> None:
    online.account.finish_onboarding(account.reference)
    online.events.clear()
    online.work()
    assert not fresh(account).ready
    later(clock, hours=25)
    online.work()
    assert fresh(account).ready


def test_the_way_back_from_the_form_looks_immediately(
    online: Online, account: PayoutAccount, partner: Partner, clock: Clock
) -> None:
    url = accounts.onboarding_url(partner, return_url=BACK, now=clock.now)
    assert url.startswith(f"{online.server.url}/onboarding/{account.reference}?back=http")
    online.account.finish_onboarding(account.reference)
    online.events.clear()
    pages = client_of(partner.user)
    pages.force_login(partner.user)
    answer = pages.get("/partner/statement", {accounts.BACK: "provider"})
    assert answer.status_code == 302
    assert "looks at what you have sent" in pages.get(answer.url).content.decode()
    online.work()
    assert fresh(account).ready


def test_an_account_is_asked_about_again_where_nobody_answered(
    online: Online, account: PayoutAccount, clock: Clock
) -> None:
    online.account.finish_onboarding(account.reference)
    later(clock, hours=25)
    with pytest.MonkeyPatch.context() as patch:

        def nobody(*_: Any, **__: Any) -> Any:
            raise gateway.Unreachable("nobody answers")

        patch.setattr(gateway.StripeGateway, "account", nobody)
        online.run_operations()
    assert (fresh(account).ready, fresh(account).tries) == (False, 1)
    later(clock, minutes=1)
    online.work()
    assert (fresh(account).ready, fresh(account).tries) == (True, 0)


def test_a_partner_who_disconnects_is_paid_nothing_and_may_come_back(
    online: Online, account: PayoutAccount, partner: Partner, paid: Payment, clock: Clock
) -> None:
    online.account.disconnect_account(account.reference)
    online.deliver(twice=True)
    online.work()
    gone = fresh(account)
    assert (gone.ready, gone.disconnected_at, gone.next_step_at) == (False, clock.now, None)
    assert "payout_accounts_need_nobody" in [check.name for check in CHECKS if check.look(clock.now).wrong]
    with pytest.raises(Refused):
        gateway.gateway().account(account.reference)
    accounts.onboarding_url(partner, return_url=BACK, now=clock.now)
    again = PayoutAccount.objects.get()
    assert again.reference != account.reference
    online.account.finish_onboarding(again.reference)
    online.deliver()
    online.work()
    assert (fresh(again).ready, Transfer.objects.get().account_reference) == (True, again.reference)
    assert ledger.owed_to(partner, "usd") == 0


def test_a_payment_that_the_partners_bank_returned_is_seen(
    online: Online, account: PayoutAccount, partner: Partner
) -> None:
    online.account.finish_onboarding(account.reference)
    online.account.pay_out_to_bank(account.reference, 800, failure="account_closed")
    online.deliver(twice=True)
    online.work()
    assert fresh(account).payout_failure == "account_closed"
    pages = client_of(partner.user)
    pages.force_login(partner.user)
    assert "Your bank has returned a payment" in pages.get("/partner/statement").content.decode()
    online.account.pay_out_to_bank(account.reference, 800)
    online.deliver()
    online.work()
    assert fresh(account).payout_failure == ""


def test_onboarding_is_finished_by_hand_on_the_stand_ins_page(
    online: Online, account: PayoutAccount, partner: Partner, clock: Clock
) -> None:
    url = accounts.onboarding_url(partner, return_url=BACK, now=clock.now)
    assert "Finish" in requests.get(url, timeout=10).text
    sent = requests.post(url, {"then": "finish"}, timeout=10, allow_redirects=False)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{BACK}?from=provider")
    online.deliver()
    online.work()
    assert fresh(account).ready
