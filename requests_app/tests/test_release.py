"""Staff free a stuck partner."""

from typing import Any

import pytest

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from core.errors import Conflict
from notifications.models import Event
from payments.models import Payment
from regions.models import Region
from requests_app import offers
from requests_app.models import Offer
from requests_app.serving import fulfilment
from requests_app.serving.fulfilment import release_partner
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.states import RideStatus
from tests.cast import Clock, accept, decline, end, fresh, make_partner, match, north, offered_to, start, unchanged


def test_an_open_offer_is_taken_back(
    offer: Offer, partner: Partner, other_partner: Partner, staff: User, nyc: Region, clock: Clock
) -> None:
    release_partner(partner, actor=staff, now=clock.now)
    assert (fresh(offer).status, fresh(offer).closed_code) == (OfferStatus.RESCINDED, "taken")
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert fresh(offer.request).status == RequestStatus.PENDING
    told = Event.objects.filter(recipient=f"partner:{partner.pk}").last()
    assert told is not None
    assert (told.type, told.payload["status"]) == ("partner.updated", "offline")
    taken_back = Event.objects.get(recipient=told.recipient, seq=told.seq - 1)
    assert (taken_back.type, taken_back.payload["reason"]) == ("offer.rescinded", "taken")
    match(nyc)
    assert offered_to(offer.request) == other_partner


def test_a_ride_not_yet_begun_is_cancelled_and_the_request_matched_again(
    ride: Ride, partner: Partner, other_partner: Partner, staff: User, nyc: Region, clock: Clock
) -> None:
    release_partner(partner, actor=staff, now=clock.now)
    assert (fresh(ride).status, fresh(ride).closed_code) == (RideStatus.CANCELLED, "released_by_staff")
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert fresh(ride.request).status == RequestStatus.PENDING
    assert positions.serving("nyc") == {}
    assert not Payment.objects.exists()
    match(nyc)
    assert offered_to(ride.request) == other_partner


def test_a_running_session_is_ended_and_billed(running: Ride, partner: Partner, staff: User, clock: Clock) -> None:
    clock.now = running.start_time or clock.now
    clock.advance(301)
    release_partner(partner, actor=staff, now=clock.now)
    found = fresh(running)
    assert (found.status, found.fare_amount) == (RideStatus.COMPLETED, 2000)
    assert fresh(running.request).status == RequestStatus.COMPLETED
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert Payment.objects.get().amount == 2000
    last = running.transitions.last()
    assert last is not None
    assert (last.actor, last.reason) == (staff, "ended by staff")


def test_a_free_partner_goes_offline(partner: Partner, staff: User, clock: Clock) -> None:
    release_partner(partner, actor=staff, now=clock.now)
    assert fresh(partner).status == PartnerStatus.OFFLINE
    assert positions.searchable("nyc") == (set(), set())


def test_who_has_nothing_in_hand(nyc: Region, staff: User, clock: Clock) -> None:
    partner = make_partner("Home", online=False)
    with unchanged(), pytest.raises(Conflict) as refused:
        release_partner(partner, actor=staff, now=clock.now)
    assert refused.value.code == "nothing_to_release"


@pytest.mark.parametrize("stage", ["offer", "ride", "running"])
def test_no_new_work_comes_in_between(
    request: Any, stage: str, partner: Partner, staff: User, nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freed and taken offline in one step: a matcher that looks at any moment finds them busy or gone."""
    request.getfixturevalue(stage)
    move, seen = offers.move_partners, []

    def watch(partners: Any, new: str, **kwargs: Any) -> None:
        seen.append(new)
        move(partners, new, **kwargs)

    for module in ("requests_app.offers", "requests_app.serving.fulfilment", "requests_app.serving.release"):
        monkeypatch.setattr(f"{module}.move_partners", watch)
    release_partner(partner, actor=staff, now=clock.now)
    assert seen == [PartnerStatus.OFFLINE]


# ---------------------------------------------------------------- what has changed between the look and the lock


def test_an_offer_answered_meanwhile(
    offer: Offer, partner: Partner, staff: User, nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is with somebody else by now, whose offer is none of our business."""
    other = make_partner("Quin", at=north(900))
    release = fulfilment._release_from_offer

    def late(found: Offer, **kwargs: Any) -> None:
        decline(found)
        match(nyc)
        release(found, **kwargs)

    monkeypatch.setattr(fulfilment, "_release_from_offer", late)
    with pytest.raises(Conflict) as refused:
        release_partner(partner, actor=staff, now=clock.now)
    assert refused.value.code == "offer_answered"
    assert offered_to(offer.request) == other
    assert fresh(partner).status == PartnerStatus.AVAILABLE


def test_a_session_started_meanwhile(
    ride: Ride, partner: Partner, staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = fulfilment._release_from_ride

    def late(found: Ride, **kwargs: Any) -> None:
        start(found)
        release(found, **kwargs)

    monkeypatch.setattr(fulfilment, "_release_from_ride", late)
    with pytest.raises(Conflict) as refused:
        release_partner(partner, actor=staff, now=clock.now)
    assert refused.value.code == "ride_in_progress"
    assert fresh(ride).status == RideStatus.IN_PROGRESS
    end(ride)


def test_an_offer_made_meanwhile(
    partner: Partner, pending: Any, staff: User, nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = fulfilment._take_offline

    def late(found: Partner, **kwargs: Any) -> None:
        match(nyc)
        leave(found, **kwargs)

    monkeypatch.setattr(fulfilment, "_take_offline", late)
    with pytest.raises(Conflict) as refused:
        release_partner(partner, actor=staff, now=clock.now)
    assert refused.value.code == "partner_at_work"
    assert offered_to(pending) == partner
    assert fresh(partner).status == PartnerStatus.OFFERED
    accept(Offer.objects.get())


@pytest.mark.parametrize("work", ["ride", "running", "partner"])
def test_the_partner_is_told(
    request: pytest.FixtureRequest, work: str, partner: Partner, staff: User, clock: Clock
) -> None:
    request.getfixturevalue(work)
    release_partner(fresh(partner), actor=staff, now=clock.now)
    told = Event.objects.filter(recipient=f"partner:{partner.pk}").order_by("seq").last()
    assert told is not None
    assert (told.type, told.payload["status"]) == ("partner.updated", "offline")
