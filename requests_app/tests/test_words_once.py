"""A word is told once by a channel, and by another one if a device takes nothing."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from accounts.models import DeferredMail, Partner, User
from core.leases import LEASE
from notifications import push_service as pushes
from notifications import web_push
from notifications.models import DeferredPush, PushSubscription
from regions.models import Region
from requests_app.tests.conftest import subscribed
from requests_app.tests.word_scenes import AFTER_S, TITLES, until_over
from testbed.push_service import Browser, PushService
from tests.cast import Clock


def test_a_worker_that_died_after_sending_shows_it_once(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any, monkeypatch: Any
) -> None:
    """The push service has taken it, and the row still waits: the device replaces a message of the same tag."""
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    send = pushes.send

    def and_die(*arguments: Any) -> Any:
        send(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pushes, "send", and_die)
        with pytest.raises(KeyboardInterrupt):
            sweep()
    clock.advance(LEASE.total_seconds())
    sweep()
    first, second = device.shown()
    assert first == second
    assert len({message.headers["topic"] for message in device.messages()}) == 1
    sweep()
    assert (len(device.messages()), mail.outbox) == (2, [])


def test_a_worker_that_died_after_mailing_repeats_the_same_message(
    confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any, monkeypatch: Any
) -> None:
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    send = EmailMultiAlternatives.send

    def and_die(message: EmailMultiAlternatives, *_: Any) -> int:
        send(message)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", and_die)
        with pytest.raises(KeyboardInterrupt):
            sweep()
    clock.advance(LEASE.total_seconds())
    sweep()
    sweep()
    assert len({sent.extra_headers["Message-ID"] for sent in mail.outbox}) == 1
    assert len(mail.outbox) == 2


def test_the_database_keeps_one_row_per_event_and_channel(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock
) -> None:
    until_over(confirmed, nyc, "coming", clock)
    push = DeferredPush.objects.get()
    row = {"due_at": clock.now, "until": clock.now}
    with pytest.raises(IntegrityError), transaction.atomic():
        DeferredPush.objects.create(recipient=push.recipient, seq=push.seq, topic="other", payload={}, **row)
    mailed = {"user": confirmed, "seq": push.seq, "created_at": clock.now, **row}
    DeferredMail.objects.create(kind="word_coming", about="1", **mailed)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeferredMail.objects.create(kind="word_arrived", about="2", **mailed)


# ---------------------------------------------------------------- one of two devices


@pytest.fixture
def tablet(service: PushService, user_api: APIClient) -> Browser:
    """The user's second device."""
    return subscribed(service.browser(), user_api)


def test_a_device_whose_service_is_away_is_told_later_and_the_other_not_again(
    device: Browser,
    tablet: Browser,
    service: PushService,
    confirmed: User,
    partner: Partner,
    nyc: Region,
    clock: Clock,
    sweep: Any,
) -> None:
    service.answers[tablet.path] = 500
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    sweep()
    service.answers.clear()
    clock.advance(web_push.TRY_AGAIN.total_seconds())
    sweep()
    assert (len(device.messages()), len(tablet.messages()), mail.outbox) == (1, 2, [])
    assert not DeferredPush.objects.exists()


def test_a_worker_that_died_between_two_devices_tells_the_second_only(
    device: Browser, tablet: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    send, sent = pushes.send, []

    def once(*arguments: Any) -> Any:
        if sent:
            raise KeyboardInterrupt
        sent.append(arguments)
        return send(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pushes, "send", once)
        with pytest.raises(KeyboardInterrupt):
            sweep()
    clock.advance(LEASE.total_seconds())
    sweep()
    assert (len(device.messages()), len(tablet.messages())) == (1, 1)


def test_a_push_service_that_stays_away_is_tried_less_and_less_often(
    device: Browser, service: PushService, user: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    service.answers[device.path] = 500
    until_over(user, nyc, "over", clock)
    clock.advance(AFTER_S)
    for _ in range(600):
        sweep()
        clock.advance(3)
    assert 5 <= len(device.messages()) <= 12


# ---------------------------------------------------------------- a device that is gone


@pytest.mark.parametrize("status", [410, 500])
def test_a_device_that_takes_nothing_is_made_up_for_by_mail(
    device: Browser,
    service: PushService,
    confirmed: User,
    partner: Partner,
    nyc: Region,
    clock: Clock,
    sweep: Any,
    status: int,
) -> None:
    service.answers[device.path] = status
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    for _ in range(3):
        sweep()
        clock.advance(4)
    assert [sent.subject for sent in mail.outbox] == [TITLES["coming"]]
    assert len(device.messages()) == 1
    assert not DeferredPush.objects.exists()


def test_a_device_that_signs_out_before_it_is_told(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    until_over(confirmed, nyc, "coming", clock)
    PushSubscription.objects.all().delete()
    clock.advance(AFTER_S)
    sweep()
    sweep()
    assert [sent.subject for sent in mail.outbox] == [TITLES["coming"]]


def test_a_push_service_that_is_away_is_tried_again_where_nothing_can_be_mailed(
    device: Browser, service: PushService, user: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    service.answers[device.path] = 500
    until_over(user, nyc, "coming", clock)
    clock.advance(AFTER_S)
    sweep()
    service.answers.clear()
    clock.advance(web_push.TRY_AGAIN.total_seconds())
    sweep()
    assert len(device.messages()) == 2
    assert not DeferredPush.objects.exists()
