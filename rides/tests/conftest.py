"""Fixtures of the tests of mailed bills."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress

from accounts.models import User
from speedycheers.celery import app as celery_app


@pytest.fixture
def confirmed(user: User) -> User:
    """The user, with an address that is theirs for sure."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rides whose task a sweep has queued."""
    rides: list[str] = []

    def queue(name: str, arguments: tuple[str], **options: Any) -> None:
        rides.append(arguments[0])

    monkeypatch.setattr(celery_app, "send_task", queue)
    return rides
