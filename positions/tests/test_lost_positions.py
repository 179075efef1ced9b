"""What Valkey has lost is rebuilt, and while it is away the database takes its place."""

from typing import Any

import pytest

import positions
from accounts import presence
from accounts.models import Partner
from core import valkey
from positions.tests.conftest import Cue
from positions.tests.live_map import held, near, searchable
from regions.models import Region
from requests_app.serving import availability
from tests.cast import Clock, fresh, make_partner, match, north, offered_to, report, submit


def test_an_emptied_valkey_is_rebuilt(
    nyc: Region, partner: Partner, other_partner: Partner, user: Any, clock: Clock
) -> None:
    home = make_partner("Home", online=False)
    valkey.client().flushall()
    assert searchable() == set()
    assert presence.reconcile(nyc, now=clock.now) > 0
    assert positions.searchable("nyc")[0] == {partner.pk, other_partner.pk}
    assert searchable() == {partner.pk, other_partner.pk}
    assert home.pk not in searchable()
    assert presence.reconcile(nyc, now=clock.now) == 0
    request = submit(user)
    match(nyc)
    assert offered_to(request) == partner


def test_a_rebuild_does_not_put_an_old_position_over_a_new_one(nyc: Region, partner: Partner, clock: Clock) -> None:
    valkey.client().flushall()
    clock.advance(5)
    report(partner, north(800))
    presence.reconcile(nyc, now=clock.now)
    assert near(held("nyc", partner), north(800))


def test_strangers_in_the_searchable_set_are_removed(nyc: Region, partner: Partner, clock: Clock) -> None:
    home = make_partner("Home", online=False)
    positions.enter("nyc", [home.pk])
    assert home.pk in searchable()
    presence.reconcile(nyc, now=clock.now)
    assert searchable() == {partner.pk}
    assert positions.searchable("nyc")[0] == {partner.pk}


def test_while_valkey_is_away_positions_go_to_the_database(
    nyc: Region, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise valkey.Unreachable("away")

    clock.advance(5)
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        report(partner, north(800))
        availability.go_offline(partner, now=clock.now)
        availability.go_online(partner, now=clock.now)
    assert near((fresh(partner).lat, fresh(partner).lng), north(800))
    assert fresh(partner).status == "available"


@pytest.mark.django_db(transaction=True)
def test_while_valkey_is_away_reports_that_wait_go_to_the_database(
    nyc: Region,
    cue: Cue,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        raise valkey.Unreachable("away")

    pia, quin = make_partner("Pia", at=north(500)), make_partner("Quin", at=north(1000))
    clock.advance(5)
    report(pia, north(700))
    report(quin, north(900))
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        cue.write()
    assert (fresh(pia).lat, fresh(pia).lng) == pytest.approx(north(700))
    assert (fresh(quin).lat, fresh(quin).lng) == pytest.approx(north(900))
    assert fresh(pia).position_at == clock.now
