"""A message to somebody who has no page open."""

from typing import Any

import pytest
from django.core import mail

from accounts.models import Partner, User
from notifications.models import DeferredPush, Stream
from notifications.services import acknowledge
from requests_app.tests.word_scenes import AFTER_S, quiet
from rides.contact.serializers import Mark
from rides.contact.services import mark_messages, send_message
from rides.models import Ride
from testbed.push_service import Browser
from tests.cast import Clock

SECRET = "The code of the door is 4711"


@pytest.fixture
def ride(ride: Ride) -> Ride:
    """The partner is on the way, and nothing else is to be told."""
    DeferredPush.objects.all().delete()
    quiet()
    return ride


def test_a_users_device_is_told_without_the_words(
    device: Browser, partner: Partner, ride: Ride, clock: Clock, sweep: Any
) -> None:
    send_message(partner.user, ride.pk, text=SECRET, now=clock.now)
    clock.advance(AFTER_S)
    sweep()
    [shown] = device.shown()
    assert (shown["title"], shown["url"]) == ("A message from your partner", f"/cheer/{ride.request_id}")
    assert SECRET not in str(shown)


def test_a_partners_device_is_told_in_their_language(
    browser: Browser, partner: Partner, user: User, ride: Ride, clock: Clock, sweep: Any
) -> None:
    User.objects.filter(pk=partner.user_id).update(language="de")
    send_message(user, ride.pk, text=SECRET, now=clock.now)
    clock.advance(AFTER_S)
    sweep()
    [shown] = browser.shown()
    assert (shown["type"], shown["title"], shown["url"]) == ("word", "Du hast eine neue Nachricht", "/partner")
    assert SECRET not in str(shown)


@pytest.mark.parametrize("how", ["acknowledged", "read"])
def test_not_once_it_is_known(
    browser: Browser, partner: Partner, user: User, ride: Ride, clock: Clock, sweep: Any, how: str
) -> None:
    send_message(user, ride.pk, text=SECRET, now=clock.now)
    if how == "read":
        mark_messages(partner.user, ride.pk, Mark.READ, up_to=1, now=clock.now)
    else:
        stream = Stream.objects.get(recipient=f"partner:{partner.pk}")
        acknowledge({stream.recipient: (stream.last_seq, stream.epoch)})
    clock.advance(AFTER_S)
    sweep()
    assert browser.shown() == []
    assert not DeferredPush.objects.exists()


def test_a_user_without_a_device_gets_one_mail_about_a_ride(
    confirmed: User, partner: Partner, ride: Ride, clock: Clock, sweep: Any, settings: Any
) -> None:
    for _ in range(2):
        send_message(partner.user, ride.pk, text=SECRET, now=clock.now)
        clock.advance(AFTER_S)
        sweep()
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([confirmed.email], "A message from your partner")
    assert f"{settings.SITE_URL}/cheer/{ride.request_id}" in str(sent.body)
    assert SECRET not in str(sent.body)


def test_a_sender_is_told_nothing(device: Browser, user: User, ride: Ride, sweep: Any, clock: Clock) -> None:
    send_message(user, ride.pk, text="Hi", now=clock.now)
    clock.advance(AFTER_S)
    sweep()
    assert device.shown() == []
