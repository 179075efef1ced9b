"""Places and words do not stay for ever: they become coarse some time after what they were for is over."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from accounts.models import Partner, User
from ops.audit import all_checks
from ops.pruner import prune_all
from regions.models import Region
from requests_app import retention
from requests_app.models import CheerRequest, Offer, ScheduledRequest
from requests_app.retention import coarsen_requests, coarsen_scheduled, exact_requests, exact_scheduled
from requests_app.services import cancel_request
from requests_app.states import OPEN, ScheduledStatus
from rides.services import rate_ride
from tests.cast import Clock, accept, decline, end, fresh, match, open_offer, queue, start, unchanged
from tests.planning import by_index

OLD = timedelta(days=settings.PLACES_KEPT_DAYS, seconds=1)


def coarsen_old(now: datetime) -> None:
    coarsen_requests(now)
    coarsen_scheduled(now)


def aged(*requests: CheerRequest, clock: Clock) -> None:
    """As if these requests had been made long ago."""
    CheerRequest.objects.filter(pk__in=[request.pk for request in requests]).update(created_at=clock.now - OLD)


def test_nobody_finds_a_home_or_a_note_in_old_requests(
    pending: CheerRequest, offer: Offer, other_partner: Partner, nyc: Region, clock: Clock
) -> None:
    decline(offer, "my knee hurts")
    clock.advance(2)
    match(nyc)
    ride = end(start(accept(open_offer(pending))))
    rate_ride(ride, stars=4, comment="So loud")
    exact: CheerRequest = fresh(pending)
    assert (exact.lat, exact.note) == (pending.lat, "Third floor")
    with unchanged():
        coarsen_old(clock.now)
    aged(pending, clock=clock)
    coarsen_old(clock.now)
    request, kept, declined = fresh(pending), fresh(ride), fresh(offer)
    assert (request.lat, request.lng) == (round(pending.lat, 2), round(pending.lng, 2)) != (pending.lat, pending.lng)
    assert (request.note, request.coarse) == ("", True)
    assert kept.start_lat == round(kept.start_lat, 2)
    assert (kept.rating, kept.rating_comment, kept.fare_amount) == (4, "", ride.fare_amount)
    assert (declined.closed_code, declined.closed_note) == ("other", "")
    assert not declined.transitions.filter(reason__contains="knee").exists()
    assert [check.name for check in all_checks() if check.look(clock.now).wrong] == []


def test_a_second_pass_changes_nothing(user: User, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="I feel better", now=clock.now)
    aged(pending, clock=clock)
    coarsen_old(clock.now)
    assert (fresh(pending).closed_code, fresh(pending).closed_note) == ("cancelled_by_user", "")
    assert not pending.transitions.filter(reason="I feel better").exists()
    with unchanged():
        coarsen_old(clock.now)


def test_codes_of_the_program_stay(pending: CheerRequest, clock: Clock) -> None:
    CheerRequest.objects.filter(pk=pending.pk).update(status="no_match", closed_code="no_partner_nearby")
    aged(pending, clock=clock)
    coarsen_old(clock.now)
    assert (fresh(pending).closed_code, fresh(pending).note) == ("no_partner_nearby", "")


@pytest.mark.parametrize("status", OPEN)
def test_what_is_open_stays_exact(pending: CheerRequest, clock: Clock, status: str) -> None:
    CheerRequest.objects.filter(pk=pending.pk).update(status=status)
    aged(pending, clock=clock)
    with unchanged():
        coarsen_old(clock.now)


def test_planned_cheers_become_coarse_too(user: User, other_user: User, nyc: Region, clock: Clock) -> None:
    gone, waiting = (
        ScheduledRequest.objects.create(
            user=whom,
            region=nyc,
            request_type_id="pep_talk",
            lat=40.748441,
            lng=-73.985664,
            note="Back door",
            status=status,
            closed_code="cancelled_by_user" if status == ScheduledStatus.CANCELLED else "",
            closed_note="no time" if status == ScheduledStatus.CANCELLED else "",
            created_at=clock.now - OLD,
            scheduled_for=clock.now - OLD,
            due_at=clock.now - OLD,
        )
        for whom, status in ((user, ScheduledStatus.CANCELLED), (other_user, ScheduledStatus.WAITING))
    )
    coarsen_old(clock.now)
    found = fresh(gone)
    assert (found.lat, found.lng, found.note, found.closed_note) == (40.75, -73.99, "", "")
    assert fresh(waiting).note == "Back door"
    with unchanged():
        coarsen_old(clock.now)


def test_a_large_backlog_is_worked_off_in_batches_oldest_first(
    user: User, other_user: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    older, newer = queue(user), queue(other_user)
    for request in (older, newer):
        cancel_request(request.user, request.pk, reason="", now=clock.now)
    aged(older, newer, clock=clock)
    CheerRequest.objects.filter(pk=older.pk).update(created_at=clock.now - 2 * OLD)
    coarsen_old(clock.now)
    assert (fresh(older).coarse, fresh(newer).coarse) == (True, False)
    coarsen_old(clock.now)
    assert fresh(newer).coarse


def test_a_pass_reads_an_index_and_not_the_whole_history(db: None, clock: Clock) -> None:
    with by_index():
        assert "request_exact" in exact_requests(clock.now).explain()
        assert "scheduled_exact" in exact_scheduled(clock.now).explain()


def test_the_pruner_does_it(user: User, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.now)
    aged(pending, clock=clock)
    prune_all(clock.now)
    assert fresh(pending).coarse
