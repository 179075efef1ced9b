"""The receipt by e-mail."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from accounts.models import NotificationSettings, User
from rides.models import Ride
from rides.tasks import mail_receipt


@pytest.fixture
def confirmed(user: User) -> User:
    """The user, with an address that is theirs for sure."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


def test_it_is_sent(confirmed: User, completed: Ride) -> None:
    mail_receipt(str(completed.pk))
    (sent,) = mail.outbox
    assert sent.to == [confirmed.email]
    assert sent.subject == "Your receipt: $10.00"
    assert f"/cheer/{completed.request_id}" in str(sent.body)


def test_not_to_who_does_not_want_it(confirmed: User, completed: Ride) -> None:
    NotificationSettings.objects.create(user=confirmed, email_receipts=False)
    mail_receipt(str(completed.pk))
    assert not mail.outbox


def test_not_to_an_address_that_nobody_has_confirmed(user: User, completed: Ride) -> None:
    mail_receipt(str(completed.pk))
    assert not mail.outbox


def test_not_before_the_ride_is_over(confirmed: User, running: Ride) -> None:
    mail_receipt(str(running.pk))
    assert not mail.outbox
