"""A push service with browsers that listen to it, a worker for words, and a partner who walks."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.deferred_mails import sweep_mails
from accounts.models import Partner, User
from accounts.tasks import send_mail
from notifications.tasks import send_push
from notifications.web_push import sweep_pushes
from requests_app.tests.walking import Walk
from rides.models import Ride
from speedycheers.celery import app as celery_app
from testbed.push_service import Browser, PushService, push_service
from tests.cast import Clock, arrive


@pytest.fixture(scope="module")
def running_service() -> Iterator[PushService]:
    with push_service() as service:
        yield service


@pytest.fixture
def service(running_service: PushService, settings: Any) -> PushService:
    settings.OUTWARD_PRIVATE = ["127.0.0.1"]
    running_service.received.clear()
    running_service.answers.clear()
    return running_service


@pytest.fixture
def browser(service: PushService, partner_api: APIClient) -> Browser:
    """The partner's."""
    return subscribed(service.browser(), partner_api)


def subscribed(browser: Browser, api: APIClient) -> Browser:
    assert api.post("/pushSubscription", browser.subscription()).status_code == 204
    return browser


@pytest.fixture
def waiting(ride: Ride, clock: Clock) -> Ride:
    """The ride of a partner who has arrived."""
    return arrive(ride)


@pytest.fixture
def walk(partner: Partner, clock: Clock, settings: Any) -> Walk:
    """The partner walks as fast as a test wants."""
    settings.POSITION_SPEED_MAX_MPS = 10_000.0
    return Walk(partner, clock)


@pytest.fixture
def device(service: PushService, user_api: APIClient) -> Browser:
    """The user's phone, which takes pushes."""
    return subscribed(service.browser(), user_api)


@pytest.fixture
def confirmed(user: User) -> User:
    """The user, whose address is known to be theirs."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The sweep's look at pushes and mails that are due, with a worker that takes them immediately, and no other."""
    tasks: dict[str, Callable[[str], None]] = {"send_push": send_push, "send_mail": send_mail}
    monkeypatch.setattr(celery_app, "send_task", lambda *_, **__: None)

    def look() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(celery_app, "send_task", lambda name, arguments, **_: tasks[name](*arguments))
            sweep_pushes(timezone.now())
            sweep_mails(timezone.now())

    return look
