"""A push service with a partner's browser that listens to it, and a partner who walks."""

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner
from requests_app.tests.walking import Walk
from rides.models import Ride
from tests.cast import Clock, arrive
from tests.push_service import Browser, PushService, push_service


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
