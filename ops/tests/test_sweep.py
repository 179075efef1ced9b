"""What deadlines and repairs are due."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from core import valkey
from notifications.models import Event
from ops import sweep
from ops.sweep import sweep_deadlines, sweep_lost_presence, sweep_presence
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus
from requests_app.wakeups import match_queue
from tests.cast import (
    Clock,
    decline,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    queue,
    report,
    submit,
    unchanged,
)


def forget_wakeups() -> None:
    valkey.client().delete(match_queue("nyc"), "{nyc}:match:pending")


def wakeups_waiting() -> int:
    waiting = valkey.client().llen(match_queue("nyc"))
    assert isinstance(waiting, int)
    return waiting


# ---------------------------------------------------------------- offers lapse


def test_an_offer_lapses(nyc: Region, offer: Offer, partner: Partner, clock: Clock) -> None:
    forget_wakeups()
    sweep_deadlines(clock.advance((offer.expires_at - clock.now).total_seconds()))
    found = fresh(offer)
    assert (found.status, found.answered_at) == (OfferStatus.EXPIRED, clock.now)
    assert (fresh(offer.request).status, fresh(offer.request).next_attempt_at) == (RequestStatus.PENDING, clock.now)
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    assert partner.pk in positions.searchable("nyc")[1]
    last = offer.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor) == ("pending", "expired", None)
    told = Event.objects.filter(recipient=f"partner:{partner.pk}").last()
    assert told is not None
    assert (told.type, told.payload["reason"]) == ("offer.rescinded", "expired")
    assert wakeups_waiting() == 1


def test_not_before_its_time(offer: Offer, clock: Clock) -> None:
    clock.now = offer.expires_at - timedelta(milliseconds=1)
    with unchanged():
        sweep_deadlines(clock.now)


def test_twice_is_once(offer: Offer, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
    with unchanged():
        sweep_deadlines(clock.now)


def test_an_answered_offer_does_not_lapse(offer: Offer, clock: Clock) -> None:
    decline(offer)
    clock.advance(settings.OFFER_TTL_S)
    with unchanged():
        sweep_deadlines(clock.now)


def test_somebody_was_first(offer: Offer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the lock."""
    expire = sweep.expire_offer

    def late(*args: Any, **kwargs: Any) -> bool:
        clock.now = offer.expires_at - timedelta(seconds=1)
        decline(offer)
        clock.now = offer.expires_at
        return expire(*args, **kwargs)

    monkeypatch.setattr(sweep, "expire_offer", late)
    sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
    assert fresh(offer).status == OfferStatus.DECLINED


def test_many_at_once(nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    for number in range(5):
        make_partner(f"P{number}", at=north(number))
        submit(make_user(f"U{number}"))
    match(nyc)
    clock.advance(settings.OFFER_TTL_S)
    left = []
    for _ in range(3):
        sweep_deadlines(clock.now)
        left.append(Offer.objects.filter(status=OfferStatus.PENDING).count())
    assert left == [3, 1, 0]


# ---------------------------------------------------------------- patience ends


@pytest.mark.parametrize("asked", [False, True])
def test_patience_ends_and_says_why(nyc: Region, user: User, clock: Clock, asked: bool) -> None:
    request = submit(user)
    if asked:
        partner = make_partner("Pia")
        match(nyc)
        sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
        assert fresh(partner).status == PartnerStatus.AVAILABLE
    clock.now = request.give_up_at
    sweep_deadlines(clock.now)
    found = fresh(request)
    why = "nobody_accepted" if asked else "no_partner_nearby"
    assert (found.status, found.closed_code) == (RequestStatus.NO_MATCH, why)
    last = request.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.reason) == ("pending", "no_match", None, why)
    told = Event.objects.filter(recipient=f"user:{user.pk}").last()
    assert told is not None
    assert (told.payload["request"]["status"], told.payload["request"]["reason"]) == ("no_match", why)


def test_not_before(pending: CheerRequest, clock: Clock) -> None:
    clock.now = pending.give_up_at - timedelta(milliseconds=1)
    with unchanged():
        sweep_deadlines(clock.now)


def test_an_open_offer_is_waited_for(nyc: Region, pending: CheerRequest, clock: Clock) -> None:
    clock.now = pending.give_up_at - timedelta(seconds=5)
    partner = make_partner("Pia")
    match(nyc)
    assert offered_to(pending) == partner
    with unchanged():
        sweep_deadlines(clock.advance(6))
    sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
    assert fresh(pending).status == RequestStatus.NO_MATCH
    assert not Offer.objects.filter(status=OfferStatus.PENDING).exists()


def test_a_dead_letter_is_left_alone(nyc: Region, pending: CheerRequest, clock: Clock) -> None:
    clock.now = pending.give_up_at
    sweep_deadlines(clock.now)
    make_partner("Pia")
    clock.advance(3600)
    with unchanged():
        sweep_deadlines(clock.now)
        match(nyc)


# ---------------------------------------------------------------- wake-ups that got lost


def test_a_request_that_is_due_is_woken_for(pending: CheerRequest, clock: Clock) -> None:
    forget_wakeups()
    sweep_deadlines(clock.now)
    sweep_deadlines(clock.now)
    assert wakeups_waiting() == 1


def test_one_that_is_not_due_is_not(nyc: Region, pending: CheerRequest, clock: Clock) -> None:
    match(nyc)
    forget_wakeups()
    sweep_deadlines(clock.now)
    assert wakeups_waiting() == 0
    clock.now = fresh(pending).next_attempt_at
    sweep_deadlines(clock.now)
    assert wakeups_waiting() == 1


def test_without_valkey_deadlines_are_kept_all_the_same(
    offer: Offer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise valkey.Unreachable("away")

    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
        sweep_presence(clock.now)
    assert fresh(offer).status == OfferStatus.EXPIRED


# ---------------------------------------------------------------- the other passes


def test_presence_is_copied_and_repaired(nyc: Region, partner: Partner, clock: Clock) -> None:
    clock.advance(5)
    report(partner, north(800))
    valkey.client().delete("{nyc}:geo", "{nyc}:avail")
    sweep_presence(clock.now)
    assert fresh(partner).lat == pytest.approx(north(800)[0])
    assert positions.searchable("nyc") == ({partner.pk}, {partner.pk})


def test_what_valkey_has_lost_is_rebuilt_and_those_who_wait_are_looked_at_again(
    nyc: Region, user: User, partner: Partner, clock: Clock
) -> None:
    sweep_presence(clock.now)
    valkey.client().flushall()
    request = queue(user)
    match(nyc)
    assert fresh(request).next_attempt_at > clock.now
    forget_wakeups()
    sweep_lost_presence(clock.now)
    assert partner.pk in positions.searchable("nyc")[1]
    assert wakeups_waiting() == 1
    match(nyc)
    assert offered_to(request) == partner
    forget_wakeups()
    sweep_lost_presence(clock.now)
    assert wakeups_waiting() == 0


def test_after_an_outage_everybody_is_compared(
    nyc: Region, partner: Partner, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Valkey that comes back with what it knew may have missed a change that leaves the numbers as they were."""
    sweep_presence(clock.now)
    positions.leave("nyc", [partner.pk])
    stranger = make_partner("Stranger", online=False)
    positions.enter("nyc", [stranger.pk])
    sweep_lost_presence(clock.now)
    assert partner.pk not in positions.searchable("nyc")[0]  # nothing says that anything is amiss
    with monkeypatch.context() as away:
        away.setattr(positions, "last_checked", unreachable)
        sweep_lost_presence(clock.now)
    sweep_lost_presence(clock.now)
    assert positions.searchable("nyc")[0] == {partner.pk}


def unreachable(*args: Any) -> None:
    raise valkey.Unreachable
