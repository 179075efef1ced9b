"""An offer that no socket has acknowledged goes out as a web push, to the offered partner's browsers only."""

from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core.leases import LEASE
from notifications import push_service as pushes
from notifications import tasks, web_push
from notifications.models import DeferredPush, PushSubscription, Stream
from notifications.services import acknowledge
from regions.models import Region
from requests_app import offers, services
from requests_app.models import Offer
from requests_app.serving import availability
from requests_app.tests.conftest import subscribed
from speedycheers.celery import app as celery_app
from testbed.push_service import Browser, PushService, signed_claims
from tests.cast import Clock, accept, decline, fresh, match, open_offer, queue, submit, unchanged


@pytest.fixture
def offer(browser: Browser, clock: Clock, nyc: Region, partner: Partner, user: User) -> Offer:
    """Offered to the partner, who has a browser by then."""
    request = submit(user, now=clock.now)
    match(nyc)
    return open_offer(request)


def sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep's look at what is due, with a worker that takes it at once."""
    with monkeypatch.context() as patch:
        patch.setattr(
            celery_app, "send_task", lambda name, arguments, **_: name == "send_push" and tasks.send_push(*arguments)
        )
        web_push.sweep_pushes(timezone.now())


def test_after_three_seconds_without_an_acknowledgement(
    offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(2.9)
    sweep(monkeypatch)
    assert browser.messages() == []
    clock.advance(0.1)
    sweep(monkeypatch)
    assert browser.shown() == [
        {
            "type": "offer",
            "offerId": str(offer.pk),
            "requestType": "pep_talk",
            "distanceM": 500,
            "expiresAt": offer.expires_at.isoformat(),
            "url": "/partner",
            "title": "Someone needs a cheer",
            "body": "Pep talk, 500 m away. %(seconds)s seconds to answer.",
            "late": {"title": "You have missed a cheer", "body": "Time's up: this one went to someone else."},
        }
    ]
    [message] = browser.messages()
    assert (message.headers["ttl"], message.headers["urgency"]) == ("17", "high")
    assert message.headers["topic"] == offer.pk.hex
    claims = signed_claims(message, pushes.public_key())
    assert (claims["aud"], claims["sub"]) == (
        f"http://127.0.0.1:{browser.service.port}",
        "mailto:hello@speedycheers.test",
    )
    assert b"pep_talk" not in message.body
    assert not DeferredPush.objects.exists()


def test_only_to_the_offered_partner_on_each_of_their_browsers(
    offer: Offer,
    browser: Browser,
    service: PushService,
    partner_api: APIClient,
    other_partner_api: APIClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second, strangers = subscribed(service.browser(), partner_api), subscribed(service.browser(), other_partner_api)
    clock.advance(3)
    sweep(monkeypatch)
    assert (len(browser.shown()), len(second.shown()), strangers.messages()) == (1, 1, [])
    with pytest.raises(Exception, match=r"InvalidTag|Decryption"):
        strangers.read(browser.messages()[0])  # nor could they read it


def test_twice_is_once(offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    push = DeferredPush.objects.get()
    clock.advance(3)
    for _ in range(3):
        sweep(monkeypatch)
        tasks.send_push(push.pk)
        clock.advance(4)
    assert len(browser.messages()) == 1


def test_an_acknowledged_one_is_not_pushed(
    offer: Offer, browser: Browser, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream.objects.get(recipient=f"partner:{partner.pk}")
    acknowledge({stream.recipient: (stream.last_seq, stream.epoch)})
    clock.advance(3)
    sweep(monkeypatch)
    assert browser.messages() == []
    assert not DeferredPush.objects.exists()


def cancel(offer: Offer) -> None:
    services.cancel_request(offer.request.user, offer.request_id, reason="", now=timezone.now())


ENDINGS: dict[str, Any] = {
    "accepted": accept,
    "declined": decline,
    "cancelled": cancel,
    "offline": lambda offer: availability.go_offline(fresh(offer.partner), now=timezone.now()),
    "expired": lambda offer: offers.expire_offer(offer.pk, now=offer.expires_at),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_never_after_the_offer_has_ended(
    offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    clock.advance(3)
    named = list(
        web_push.PUSHES.claim_due(clock.now)
    )  # the worker is slow: it ends between the sweep's look and the worker's
    assert len(named) == 1
    ENDINGS[how](offer)
    assert not DeferredPush.objects.exists()
    tasks.send_push(named[0])
    sweep(monkeypatch)
    assert browser.messages() == []


def test_nor_after_its_time(offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    push = DeferredPush.objects.get()
    clock.advance(20)  # nobody has swept the offer yet
    tasks.send_push(push.pk)
    sweep(monkeypatch)
    assert browser.messages() == []
    assert not DeferredPush.objects.exists()


def test_it_ends_while_another_browser_is_called(
    offer: Offer, browser: Browser, service: PushService, partner_api: APIClient, clock: Clock, monkeypatch: Any
) -> None:
    second = subscribed(service.browser(), partner_api)
    send = pushes.send

    def and_then_declined(*args: Any) -> Any:
        outcome = send(*args)
        decline(offer)
        return outcome

    monkeypatch.setattr(pushes, "send", and_then_declined)
    clock.advance(3)
    sweep(monkeypatch)
    assert len(browser.messages()) + len(second.messages()) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_no_more_is_removed(
    offer: Offer,
    browser: Browser,
    service: PushService,
    partner_api: APIClient,
    clock: Clock,
    monkeypatch: Any,
    status: int,
) -> None:
    kept = subscribed(service.browser(), partner_api)
    service.answers[browser.path] = status
    clock.advance(3)
    sweep(monkeypatch)
    assert [found.endpoint for found in PushSubscription.objects.all()] == [kept.endpoint]
    assert len(kept.shown()) == 1
    assert not DeferredPush.objects.exists()


@pytest.mark.parametrize("status", [429, 500, 302, 307])
def test_what_failed_is_tried_again_while_the_offer_stands(
    offer: Offer, browser: Browser, service: PushService, clock: Clock, monkeypatch: Any, status: int
) -> None:
    service.answers[browser.path] = status
    clock.advance(3)
    sweep(monkeypatch)
    assert len(browser.messages()) == 1
    sweep(monkeypatch)  # not at once
    assert len(browser.messages()) == 1
    assert len(service.received) == 1  # and nowhere else: a redirection is not followed
    service.answers.clear()
    clock.advance(3)
    sweep(monkeypatch)
    assert len(browser.messages()) == 2
    assert not DeferredPush.objects.exists()


def test_a_push_service_that_is_not_there(
    offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    PushSubscription.objects.update(endpoint="http://127.0.0.1:9/x")
    clock.advance(3)
    sweep(monkeypatch)
    assert DeferredPush.objects.get().due_at == clock.now + web_push.TRY_AGAIN


def test_an_address_that_is_no_longer_allowed_is_not_called(
    offer: Offer, browser: Browser, clock: Clock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTWARD_PRIVATE = []
    clock.advance(3)
    sweep(monkeypatch)
    assert browser.messages() == []
    assert not PushSubscription.objects.exists()


def test_a_worker_that_died_halfway_is_made_up_for(
    offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(3)
    with monkeypatch.context() as patch:
        patch.setattr(pushes, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep(monkeypatch)
    clock.advance(LEASE.total_seconds() - 0.1)
    sweep(monkeypatch)
    assert browser.messages() == []  # it may still be at it
    clock.advance(0.1)
    sweep(monkeypatch)
    assert len(browser.shown()) == 1


def killed(*_: Any) -> Any:
    raise KeyboardInterrupt


def test_the_broker_is_away(offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError

    clock.advance(3)
    with monkeypatch.context() as patch:
        patch.setattr(celery_app, "send_task", away)
        web_push.sweep_pushes(clock.now)
    clock.advance(3)
    sweep(monkeypatch)
    assert len(browser.messages()) == 1


def test_workers_busy_with_slow_push_services_leave_it_to_the_next_look(
    offer: Offer, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(3)
    taken = [tasks.SENDERS.acquire(blocking=False) for _ in range(2)]
    try:
        sweep(monkeypatch)
        assert (taken, browser.messages()) == ([True, True], [])
    finally:
        tasks.SENDERS.release(2)
    sweep(monkeypatch)
    assert len(browser.messages()) == 1


def test_without_a_browser_nothing_is_noted(nyc: Region, partner: Partner, user: User) -> None:
    submit(user)
    match(nyc)
    assert not DeferredPush.objects.exists()


def test_a_rollback_leaves_no_push(browser: Browser, nyc: Region, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(user)
    monkeypatch.setattr("requests_app.offers.announce.request_updated", killed)
    with unchanged(), pytest.raises(KeyboardInterrupt):
        match(nyc)
