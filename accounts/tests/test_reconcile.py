"""Most passes of the reconciler only count; whatever is wrong is put right within seconds."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

import positions
from accounts import presence
from accounts.models import Partner
from core import valkey
from ops.sweep import sweep_presence
from regions.models import Region
from tests.cast import Clock


def test_most_passes_only_count(
    nyc: Region, partner: Partner, clock: Clock, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    presence.reconcile(nyc, now=clock.now)
    clock.advance(presence.FULL_EVERY_S - 1)
    monkeypatch.setattr(presence, "_compare_all", None)
    with django_assert_num_queries(1):
        assert presence.reconcile(nyc, now=clock.now) == 0


def test_a_swap_that_no_count_shows_is_seen_within_seconds(
    nyc: Region, partner: Partner, other_partner: Partner, clock: Clock
) -> None:
    presence.reconcile(nyc, now=clock.now)
    stranger = uuid4()
    positions.leave("nyc", [partner.pk])
    positions.enter("nyc", [stranger])
    clock.advance(presence.FULL_EVERY_S)
    assert presence.reconcile(nyc, now=clock.now) == 2
    assert positions.searchable("nyc") == ({partner.pk, other_partner.pk}, {partner.pk, other_partner.pk})


def test_who_is_missing_is_put_back_at_the_next_pass(nyc: Region, partner: Partner, clock: Clock) -> None:
    presence.reconcile(nyc, now=clock.now)
    positions.leave("nyc", [partner.pk])
    assert presence.reconcile(nyc, now=clock.now) == 1
    assert positions.searchable("nyc") == ({partner.pk}, {partner.pk})


def test_a_clock_that_was_ahead_does_not_end_the_comparing(nyc: Region, partner: Partner, clock: Clock) -> None:
    positions.checked("nyc", clock.now + timedelta(days=1))
    stranger = uuid4()
    positions.leave("nyc", [partner.pk])
    positions.enter("nyc", [stranger])
    assert presence.reconcile(nyc, now=clock.now) == 2


def test_after_an_outage_everybody_is_compared_at_once(
    nyc: Region, partner: Partner, other_partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_presence(clock.now)
    with monkeypatch.context() as patch:
        patch.setattr(positions, "moved", _unreachable)
        sweep_presence(clock.now)
    positions.leave("nyc", [partner.pk])
    positions.enter("nyc", [uuid4()])
    sweep_presence(clock.now)
    assert positions.searchable("nyc")[0] == {partner.pk, other_partner.pk}


def _unreachable(*_: object) -> None:
    raise valkey.Unreachable
