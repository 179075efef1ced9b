"""A request that nobody is offered tells how often the matcher has looked, whom it found, and who was left out."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from ops import pruner
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.dead_letters import requeue_request
from requests_app.matching import batch, looks, policy
from requests_app.models import CheerRequest, RequestType
from requests_app.records import Look
from requests_app.states import RequestStatus
from tests.cast import Clock, decline, fresh, make_partner, make_user, match, north, open_offer, queue, report, submit


def due(request: CheerRequest, clock: Clock) -> None:
    """Move on to the next attempt."""
    clock.now = max(clock.now, fresh(request).next_attempt_at)


def story(request: CheerRequest) -> list[tuple[str, int, int, int]]:
    """The looks at a request: result, count, partners found and fit."""
    return [(row.result, row.count, row.searched, row.fit) for row in request.looks.all()]


def test_equal_looks_in_a_row_are_one_row(nyc: Region, user: User, clock: Clock) -> None:
    request = queue(user)
    began = clock.now
    for _ in range(3):
        match(nyc)
        due(request, clock)
    match(nyc)
    row = Look.objects.get()
    assert (row.result, row.count, row.searched, row.fit, row.left_out) == ("nobody_near", 4, 0, 0, {})
    assert (row.first_at, row.last_at) == (began, clock.now)
    assert (row.wave, row.number) == (len(settings.MATCH_RADIUS_M) - 1, 1)
    assert row.attempts == fresh(request).attempts == 4


def test_a_look_before_its_time_is_none(nyc: Region, user: User) -> None:
    queue(user)
    match(nyc)
    match(nyc)
    assert Look.objects.get().count == 1


def test_why_they_were_left_out(nyc: Region, user: User, clock: Clock) -> None:
    RequestType.objects.filter(slug="pep_talk").update(partner_types=["mascot"])
    make_partner("Pia", at=north(10))
    mascot, at_work = make_partner("Max", type="mascot"), make_partner("Mo", type="mascot", at=north(20))
    request = submit(user)
    decline(open_offer(request))
    Partner.objects.filter(pk=at_work.pk).update(status=PartnerStatus.BUSY)
    match(nyc)
    row = request.looks.get()
    assert (row.result, row.searched, row.fit) == ("nobody_fits", 3, 0)
    assert row.left_out == {"declined": 1, "wrong_kind": 1, "busy": 1}
    assert fresh(mascot).status == PartnerStatus.AVAILABLE


def test_an_offer_in_between_begins_another_row(nyc: Region, user: User, clock: Clock) -> None:
    at_work = make_partner("Mo", at=north(20))
    request = queue(user)
    Partner.objects.filter(pk=at_work.pk).update(status=PartnerStatus.BUSY)
    match(nyc)
    pia = make_partner("Pia")
    due(request, clock)
    match(nyc)
    assert open_offer(request).partner == pia
    decline(open_offer(request))
    match(nyc)
    assert story(request) == [("nobody_fits", 1, 1, 0), ("nobody_fits", 1, 2, 0)]
    assert request.looks.last().left_out == {"busy": 1, "declined": 1}


def test_one_that_is_held_back(nyc: Region, user: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "SHORTAGE_REQUESTS", 2)
    monkeypatch.setattr(policy, "SHORTAGE_BUSY", 3)
    make_partner("Far", at=north(4000))
    at_work = [make_partner(name).pk for name in "XYZ"]
    Partner.objects.filter(pk__in=at_work).update(status=PartnerStatus.BUSY)
    submit(make_user("Remote"), at=north(-20_000))
    request = queue(user)
    match(nyc)
    assert story(request) == [("beyond_cap", 1, 4, 1)]
    clock.advance(batch.POSTPONE_S)
    match(nyc)
    assert [row[:2] for row in story(request)] == [("beyond_cap", 2)]


def test_one_whose_partners_went_to_others(nyc: Region, user: User, other_user: User, partner: Partner) -> None:
    first, second = queue(user), queue(other_user)
    match(nyc)
    left = next(request for request in (first, second) if fresh(request).status == RequestStatus.PENDING)
    assert story(left) == [("outnumbered", 1, 1, 1)]


def test_one_whose_partner_was_taken_meanwhile(
    nyc: Region, user: User, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = queue(user)
    monkeypatch.setattr(batch, "lock_free_partners", lambda *_: set())
    match(nyc)
    assert story(request) == [("taken_by_another", 1, 1, 1)]
    assert fresh(request).status == RequestStatus.PENDING


def test_the_whole_patience_is_told_in_twelve_rows(nyc: Region, user: User, clock: Clock) -> None:
    """However often the result changes from one look to the next: here partners come, decline and leave again."""
    request = queue(user)
    coming = make_partner("Pia", online=False)
    give_up_at = request.give_up_at
    looked = 0
    while clock.now < give_up_at:
        looked += 1
        seen = PartnerStatus.BUSY if looked % 2 else PartnerStatus.OFFLINE
        Partner.objects.filter(pk=coming.pk).update(status=PartnerStatus.AVAILABLE)
        if looked % 2:
            report(coming, north(10))
            match_enter(coming)
        else:
            match_leave(coming)
        Partner.objects.filter(pk=coming.pk).update(status=seen)
        match(nyc)
        due(request, clock)
    sweep_deadlines(clock.now)
    assert fresh(request).status == RequestStatus.NO_MATCH
    assert looked > looks.ROWS_MAX
    assert request.looks.count() == looks.ROWS_MAX == 12
    assert sum(row.count for row in request.looks.all()) == fresh(request).attempts == looked


def match_enter(partner: Partner) -> None:
    """Put a partner on the map, whatever the database says."""
    positions.enter("nyc", [partner.pk])


def match_leave(partner: Partner) -> None:
    """Take a partner off the map."""
    positions.leave("nyc", [partner.pk])


def test_a_requeued_one_has_rows_again(
    nyc: Region, user: User, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "ROWS_MAX", 1)
    request = queue(user)
    match(nyc)
    clock.now = request.give_up_at
    sweep_deadlines(clock.now)
    requeue_request(fresh(request), actor=staff, now=clock.now)
    make_partner("Pia", at=north(10))
    Partner.objects.update(status=PartnerStatus.BUSY)
    match(nyc)
    assert [(row.number, row.result) for row in request.looks.all()] == [(1, "nobody_near"), (2, "nobody_fits")]


def test_two_matchers_at_the_same_time_write_it_once(nyc: Region, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    request = queue(user)
    match(nyc)
    CheerRequest.objects.update(next_attempt_at=timezone.now())
    filtered = Look.objects.filter

    monkeypatch.setattr(Look.objects, "filter", lambda **_: filtered(pk=None))  # neither sees what the other writes
    match(nyc)
    assert request.looks.count() == 1


def test_it_is_kept_for_some_days(nyc: Region, user: User) -> None:
    queue(user)
    match(nyc)
    soon = timezone.now() + timedelta(days=settings.DECISIONS_KEPT_DAYS)
    pruner.prune("requests_app.Look", soon - timedelta(minutes=1))
    assert Look.objects.exists()
    pruner.prune("requests_app.Look", soon + timedelta(minutes=1))
    assert not Look.objects.exists()
