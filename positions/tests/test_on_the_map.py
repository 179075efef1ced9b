"""Who is on the map: available partners who were heard of lately, in the region they are in."""

from typing import Any

from django.conf import settings
from django.utils import timezone

import positions
from accounts import presence
from accounts.models import Partner
from positions.tests.live_map import NEXT_DOOR, held, near, searchable
from regions.models import Region
from requests_app.serving import availability
from rides.models import Ride
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    end,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    report,
    start,
    submit,
)


def test_only_available_partners_are_on_the_map(nyc: Region, user: Any) -> None:
    home = make_partner("Home", online=False)
    free = make_partner("Free", at=north(100))
    assert searchable() == {free.pk}
    availability.go_online(home, now=timezone.now())
    assert searchable() == {free.pk, home.pk}
    request = submit(user)
    match(nyc)
    assert searchable() == {free.pk}
    ride = accept(open_offer(request))
    assert searchable() == {free.pk}
    end(start(ride))
    assert searchable() == {free.pk, home.pk}
    availability.go_offline(home, now=timezone.now())
    assert searchable() == {free.pk}


def test_online_without_a_position_is_not_on_the_map_until_the_first_one(
    nyc: Region, user: Any, entries: list[str]
) -> None:
    partner = make_partner("New", at=None)
    request = submit(user)
    match(nyc)
    assert offered_to(request) is None
    assert searchable() == set()
    assert entries == []
    report(partner, EMPIRE_STATE)
    assert entries == ["nyc"]
    assert searchable() == {partner.pk}
    match(nyc)
    assert offered_to(request) == partner


def test_the_first_position_reaches_the_database_at_once(nyc: Region) -> None:
    partner = make_partner("New", at=north(300), online=False)
    assert near((partner.lat or 0, partner.lng or 0), north(300))
    assert partner.position_at is not None


def test_the_others_in_bulk(nyc: Region, partner: Partner, other_partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, north(700))
    assert near((fresh(partner).lat, fresh(partner).lng), north(500))
    assert presence.snapshot_positions(nyc) == 1
    assert near((fresh(partner).lat, fresh(partner).lng), north(700))
    assert fresh(partner).position_at == clock.now
    assert presence.snapshot_positions(nyc) == 0


def test_a_silent_partner_is_offered_nothing(nyc: Region, partner: Partner, user: Any, clock: Clock) -> None:
    clock.advance(settings.POSITION_FRESH_S + 1)
    request = submit(user)
    match(nyc)
    assert offered_to(request) is None
    report(partner, north(500))
    match(nyc)
    assert offered_to(request) == partner


def test_the_sweep_takes_silent_partners_off_the_map_and_the_next_position_puts_them_back(
    nyc: Region, partner: Partner, other_partner: Partner, clock: Clock, entries: list[str]
) -> None:
    clock.advance(settings.POSITION_FRESH_S - 1)
    report(other_partner, north(1000))
    clock.advance(2)
    presence.reconcile(nyc, now=clock.now)
    assert searchable() == {other_partner.pk}
    presence.reconcile(nyc, now=clock.now)
    assert searchable() == {other_partner.pk}
    assert fresh(partner).status == "available"
    assert entries == []
    report(partner, north(400))
    assert entries == ["nyc"]
    assert searchable() == {partner.pk, other_partner.pk}


def test_a_report_after_a_long_silence_counts_as_entering(partner: Partner, clock: Clock, entries: list[str]) -> None:
    """Also if the sweep has not taken the partner off the map meanwhile."""
    clock.advance(1000)
    report(partner, north(700))
    assert entries == ["nyc"]


# ---------------------------------------------------------------- changing region


def test_crossing_into_another_region(nyc: Region, newark: Region, partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, NEXT_DOOR)
    assert fresh(partner).region == newark
    assert positions.searchable("nyc") == (set(), set())
    assert positions.searchable("newark") == ({partner.pk}, {partner.pk})
    there = submit(make_user("Nina"), at=NEXT_DOOR)
    here = submit(make_user("Nora"))
    match(nyc)
    match(newark)
    assert offered_to(there) == partner
    assert offered_to(here) is None


def test_leaving_every_region_keeps_the_last_one(nyc: Region, partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, (41.5, -73.9857))
    assert fresh(partner).region == nyc
    assert near(held("nyc", partner), (41.5, -73.9857))


def test_a_partner_at_work_is_not_searchable_in_the_next_region(newark: Region, running: Ride, clock: Clock) -> None:
    clock.advance(5)
    report(running.partner, NEXT_DOOR)
    assert positions.searchable("newark") == (set(), set())
