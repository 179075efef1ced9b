"""A push service, and the browser of a partner that listens to it."""

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

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
