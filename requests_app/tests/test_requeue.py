"""Staff put dead letters back into the queue."""

from typing import Any

import pytest
from django.conf import settings

from accounts.models import Partner, User
from core import valkey
from core.errors import Conflict
from notifications.models import Event
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.dead_letters import requeue_request
from requests_app.models import CheerRequest, Offer
from requests_app.states import RequestStatus
from requests_app.wakeups import match_queue
from tests.cast import Clock, decline, fresh, make_partner, match, north, offered_to, report, submit, unchanged


@pytest.fixture
def dead(pending: CheerRequest, clock: Clock) -> CheerRequest:
    """A dead letter."""
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    dead: CheerRequest = fresh(pending)
    assert dead.status == RequestStatus.NO_MATCH
    return dead


def test_waits_again_with_fresh_patience(dead: CheerRequest, staff: User, clock: Clock, nyc: Region) -> None:
    valkey.client().delete(match_queue("nyc"), "{nyc}:match:pending")
    clock.advance(3000)
    requeue_request(dead, actor=staff, now=clock.now)
    found = fresh(dead)
    assert (found.status, found.closed_code, found.wave) == (RequestStatus.PENDING, "", 0)
    assert found.next_attempt_at == clock.now
    assert (found.give_up_at - clock.now).total_seconds() == settings.REQUEST_PATIENCE_S
    last = dead.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.reason) == ("no_match", "pending", staff, "requeued by staff")
    told = Event.objects.filter(recipient=f"user:{dead.user_id}").last()
    assert told is not None
    assert (told.payload["request"]["status"], told.payload["request"]["reason"]) == ("pending", None)
    assert valkey.client().llen(match_queue("nyc")) == 1
    partner = make_partner("Pia")
    match(nyc)
    assert offered_to(dead) == partner


def test_and_dies_again(dead: CheerRequest, staff: User, clock: Clock) -> None:
    requeue_request(dead, actor=staff, now=clock.now)
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    assert fresh(dead).status == RequestStatus.NO_MATCH


def test_twice(dead: CheerRequest, staff: User, clock: Clock) -> None:
    requeue_request(dead, actor=staff, now=clock.now)
    with unchanged(), pytest.raises(Conflict) as refused:
        requeue_request(dead, actor=staff, now=clock.now)
    assert refused.value.code == "request_pending"


@pytest.mark.parametrize("stage", ["pending", "offer", "ride", "completed"])
def test_only_dead_letters(request: Any, staff: User, clock: Clock, stage: str) -> None:
    found = request.getfixturevalue(stage)
    made = found if isinstance(found, CheerRequest) else found.request
    with unchanged(), pytest.raises(Conflict):
        requeue_request(made, actor=staff, now=clock.now)


def test_not_where_the_user_has_asked_anew(dead: CheerRequest, user: User, staff: User, clock: Clock) -> None:
    submit(user)
    with unchanged(), pytest.raises(Conflict) as refused:
        requeue_request(dead, actor=staff, now=clock.now)
    assert refused.value.code == "request_already_open"


def test_who_declined_is_still_not_asked(
    offer: Offer, partner: Partner, staff: User, nyc: Region, clock: Clock
) -> None:
    decline(offer)
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    requeue_request(offer.request, actor=staff, now=clock.now)
    report(partner, north(500))
    match(nyc)
    assert offered_to(offer.request) is None


def test_not_what_is_an_hour_old(dead: CheerRequest, staff: User, clock: Clock) -> None:
    clock.advance(settings.REQUEUE_MAX_AGE_S + 1)
    with unchanged(), pytest.raises(Conflict) as refused:
        requeue_request(dead, actor=staff, now=clock.now)
    assert refused.value.code == "dead_letter_too_old"


@pytest.mark.parametrize(
    ("what", "code"),
    [("user", "account_inactive"), ("region", "region_not_served"), ("request_type", "request_type_inactive")],
)
def test_not_what_would_be_refused_anew(dead: CheerRequest, staff: User, clock: Clock, what: str, code: str) -> None:
    subject = getattr(dead, what)
    setattr(subject, "is_active" if what == "user" else "active", False)
    subject.save()
    with unchanged(), pytest.raises(Conflict) as refused:
        requeue_request(dead, actor=staff, now=clock.now)
    assert refused.value.code == code
