"""The task that matches a region until nothing is left to do."""

from typing import Any

import pytest

from accounts.models import Partner
from core import valkey
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus
from requests_app.tasks import LOCK_S, match_region
from requests_app.wakeups import match_queue
from tests.cast import (
    offered_to,
    unchanged,
)


def test_the_task_works_until_nothing_is_left(nyc: Region, pending: CheerRequest, partner: Partner) -> None:
    match_region(nyc.slug)
    assert offered_to(pending) == partner
    assert not valkey.client().exists("{nyc}:match:pending", "{nyc}:match:lock")


def test_the_task_wakes_another_where_it_can_not_finish(
    nyc: Region, pending: CheerRequest, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests_app.tasks.ROUNDS_MAX", 1)
    valkey.client().delete(match_queue("nyc"))
    match_region(nyc.slug)
    assert offered_to(pending) == partner
    assert valkey.client().llen(match_queue("nyc")) == 1


def test_the_task_for_a_region_that_is_gone(nyc: Region) -> None:
    with unchanged():
        match_region("atlantis")


def test_the_task_without_valkey(nyc: Region, pending: CheerRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable("away")

    with monkeypatch.context() as patch, unchanged():
        patch.setattr(valkey, "client", away)
        match_region(nyc.slug)


def test_the_task_waits_for_another_one_and_gives_up(
    nyc: Region, pending: CheerRequest, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests_app.tasks.WAIT_S", 0.05)
    with valkey.client().lock("{nyc}:match:lock", timeout=LOCK_S), unchanged():
        match_region(nyc.slug)
    assert Offer.objects.filter(status=OfferStatus.PENDING).count() == 0


def test_a_lock_from_before_the_clock_was_set_back_goes(
    nyc: Region, pending: CheerRequest, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valkey's machine was ten minutes ahead when a matcher took the lock and died."""
    monkeypatch.setattr("requests_app.tasks.WAIT_S", 0.05)
    valkey.client().set("{nyc}:match:lock", "of the dead", ex=LOCK_S + 600)
    match_region(nyc.slug)
    match_region(nyc.slug)
    assert offered_to(pending) == partner
