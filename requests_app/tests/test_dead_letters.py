"""Staff take care of dead letters, look farther for one, and name the partner who is to have it."""

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Partner, User
from accounts.states import PartnerStatus
from core.errors import Conflict, Invalid
from notifications.models import DeferredPush, Event
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app import care
from requests_app.dead_letters import direct_request, requeue_request, widen_request
from requests_app.matching.decisions import chosen_again, explained
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.records import DeadLetter
from requests_app.serializers import request_body
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import (
    Clock,
    accept,
    decline,
    fresh,
    make_partner,
    make_staff,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    report,
    submit,
    unchanged,
)


def die(request: CheerRequest, clock: Clock) -> CheerRequest:
    """The patience of a request is over, however long it is."""
    clock.now = max(clock.now, fresh(request).give_up_at)
    sweep_deadlines(clock.now)
    found: CheerRequest = fresh(request)
    assert found.status == RequestStatus.NO_MATCH
    return found


@pytest.fixture
def dead(pending: CheerRequest, clock: Clock) -> CheerRequest:
    return die(pending, clock)


@pytest.fixture
def declined(offer: Offer, clock: Clock) -> CheerRequest:
    """A dead letter that a partner, who is free again, has turned down."""
    decline(offer)
    return die(offer.request, clock)


# ---------------------------------------------------------------- care


def test_one_takes_care_of_it(dead: CheerRequest, staff: User, clock: Clock) -> None:
    care.take_care(dead, actor=staff, now=clock.now)
    letter = DeadLetter.objects.get()
    assert (letter.request, letter.owner, letter.taken_at) == (dead, staff, clock.now)
    for other in (staff, make_staff("Nina")):
        with unchanged(), pytest.raises(Conflict) as refused:
            care.take_care(dead, actor=other, now=clock.advance(60))
        assert refused.value.code == "dead_letter_owned"


def test_and_gives_it_back(dead: CheerRequest, staff: User, clock: Clock) -> None:
    care.take_care(dead, actor=staff, now=clock.now)
    care.give_back(dead)
    with unchanged(), pytest.raises(Conflict) as refused:
        care.give_back(dead)
    assert refused.value.code == "dead_letter_not_owned"
    other = make_staff("Nina")
    care.take_care(dead, actor=other, now=clock.now)
    assert DeadLetter.objects.get().owner == other


def test_a_note_replaces_the_one_before(dead: CheerRequest) -> None:
    care.note_for_staff(dead, note="Phoned them")
    care.note_for_staff(dead, note="They wait at the gate")
    assert DeadLetter.objects.get().note == "They wait at the gate"


def test_only_of_dead_letters(pending: CheerRequest, staff: User, clock: Clock) -> None:
    for attempt in (
        lambda: care.take_care(pending, actor=staff, now=clock.now),
        lambda: care.give_back(pending),
        lambda: care.note_for_staff(pending, note="x"),
    ):
        with unchanged(), pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "request_pending"


def test_care_goes_on_when_it_dies_again(dead: CheerRequest, staff: User, clock: Clock) -> None:
    care.take_care(dead, actor=staff, now=clock.now)
    requeue_request(dead, actor=staff, now=clock.now)
    die(dead, clock)
    assert DeadLetter.objects.get().owner == staff


def test_the_database_wants_owner_and_moment_together(dead: CheerRequest, staff: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DeadLetter.objects.create(request=dead, owner=staff)


# ---------------------------------------------------------------- widened


def test_a_partner_is_looked_for_farther_away(dead: CheerRequest, staff: User, nyc: Region, clock: Clock) -> None:
    usual_m = settings.MATCH_RADIUS_M[-1]
    far = make_partner("Pia", at=north(-usual_m - 2000))
    requeue_request(dead, actor=staff, now=clock.now)
    match(nyc)
    assert offered_to(dead) is None
    widen_request(die(dead, clock), reach_m=usual_m + 5000, patience_s=None, actor=staff, now=clock.now)
    report(far, north(-usual_m - 2000))
    match(nyc)
    assert offered_to(dead) == far
    assert open_offer(dead).wave == len(settings.MATCH_RADIUS_M)
    assert request_body(fresh(dead), dead.user)["searchRadiusM"] == usual_m + 5000


def test_for_this_request_only(dead: CheerRequest, staff: User, nyc: Region, clock: Clock) -> None:
    far_m = settings.MATCH_RADIUS_M[-1] + 2000
    make_partner("Pia", at=north(-far_m))
    other = submit(make_user("Grace"))
    widen_request(dead, reach_m=far_m + 1000, patience_s=None, actor=staff, now=clock.now)
    CheerRequest.objects.filter(pk=dead.pk).update(status=RequestStatus.CANCELLED)
    match(nyc)
    assert offered_to(other) is None
    assert fresh(other).wave == len(settings.MATCH_RADIUS_M) - 1


def test_and_for_longer(dead: CheerRequest, staff: User, clock: Clock) -> None:
    widen_request(dead, reach_m=None, patience_s=1800, actor=staff, now=clock.now)
    sweep_deadlines(clock.advance(1799))
    assert fresh(dead).status == RequestStatus.PENDING
    sweep_deadlines(clock.advance(1))
    assert fresh(dead).status == RequestStatus.NO_MATCH
    assert dead.transitions.filter(reason="widened by staff").count() == 1


@pytest.mark.parametrize(
    ("reach_m", "patience_s"),
    [(None, None), (10_000, None), (50_001, None), (None, 600), (None, 7201), (20_000, 1)],
)
def test_not_narrower_and_not_beyond_all_bounds(
    dead: CheerRequest, staff: User, clock: Clock, reach_m: int | None, patience_s: int | None
) -> None:
    with unchanged(), pytest.raises(Invalid):
        widen_request(dead, reach_m=reach_m, patience_s=patience_s, actor=staff, now=clock.now)


def test_a_widened_one_that_finds_nobody_says_so(dead: CheerRequest, staff: User, nyc: Region, clock: Clock) -> None:
    widen_request(dead, reach_m=20_000, patience_s=None, actor=staff, now=clock.now)
    match(nyc)
    assert dead.looks.last().wave == fresh(dead).wave == len(settings.MATCH_RADIUS_M)


# ---------------------------------------------------------------- directed and assigned


def test_the_named_partner_is_asked(dead: CheerRequest, staff: User, clock: Clock) -> None:
    make_partner("Near")
    named = make_partner("Named", at=north(3000))
    direct_request(dead, named, actor=staff, now=clock.now)
    offer = open_offer(dead)
    assert (offer.partner, fresh(named).status) == (named, PartnerStatus.OFFERED)
    assert 2990 < offer.distance_m < 3010
    assert chosen_again(offer) == named.pk
    assert explained(offer).by == "staff"
    assert [(step.old, step.new, step.actor, step.reason) for step in dead.transitions.all()][-2:] == [
        ("no_match", "pending", staff, "directed by staff"),
        ("pending", "offered", staff, ""),
    ]
    assert Event.objects.filter(recipient=f"partner:{named.pk}", type="offer").exists()
    ride = accept(offer)
    assert ride.partner == named


def test_if_they_decline_it_goes_to_others(dead: CheerRequest, staff: User, nyc: Region, clock: Clock) -> None:
    near, named = make_partner("Near"), make_partner("Named", at=north(3000))
    direct_request(dead, named, actor=staff, now=clock.now)
    decline(open_offer(dead))
    match(nyc)
    assert offered_to(dead) == near


def test_assigned_is_taken_without_being_asked(dead: CheerRequest, staff: User, clock: Clock) -> None:
    named = make_partner("Named", at=north(3000))
    answers = fresh(named).answers
    direct_request(dead, named, forced=True, actor=staff, now=clock.now)
    ride = Ride.objects.get()
    assert (ride.partner, ride.request, ride.status) == (named, dead, "en_route")
    assert (fresh(dead).status, fresh(named).status) == (RequestStatus.ACCEPTED, PartnerStatus.BUSY)
    assert fresh(named).answers == answers  # nobody asked them
    last = dead.transitions.last()
    assert last is not None
    assert (last.new, last.actor) == ("accepted", staff)
    assert not DeferredPush.objects.filter(recipient=f"partner:{named.pk}").exists()
    assert Event.objects.filter(recipient=f"partner:{named.pk}", type="ride.updated").exists()


@pytest.mark.parametrize("forced", [False, True])
def test_not_a_partner_who_may_not_be_asked(
    dead: CheerRequest, staff: User, nyc: Region, clock: Clock, forced: bool
) -> None:
    offline, busy = make_partner("Olaf", online=False), make_partner("Bo")
    accept(open_offer(submit(make_user("Bert"))))
    elsewhere, unfit = make_partner("Ed"), make_partner("Una")
    Partner.objects.filter(pk=elsewhere.pk).update(region=None)
    own = make_partner("Own")
    CheerRequest.objects.filter(pk=dead.pk).update(user=own.user)
    lost = make_partner("Lost", type="mascot")
    Partner.objects.filter(pk=lost.pk).update(lat=None, lng=None)
    RequestType.objects.filter(pk=dead.request_type_id).update(partner_types=["mascot", "coach"])
    Partner.objects.filter(pk__in=[own.pk, elsewhere.pk]).update(type="mascot")
    for partner, code in [
        (offline, "partner_offline"),
        (busy, "partner_busy"),
        (elsewhere, "partner_elsewhere"),
        (unfit, "partner_unfit"),
        (own, "partner_unfit"),
        (lost, "partner_not_located"),
    ]:
        with unchanged(), pytest.raises(Conflict) as refused:
            direct_request(dead, partner, forced=forced, actor=staff, now=clock.now)
        assert refused.value.code == code


@pytest.mark.parametrize("forced", [False, True])
def test_not_one_who_has_turned_it_down(
    declined: CheerRequest, partner: Partner, staff: User, clock: Clock, forced: bool
) -> None:
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    with unchanged(), pytest.raises(Conflict) as refused:
        direct_request(declined, partner, forced=forced, actor=staff, now=clock.now)
    assert refused.value.code == "partner_excluded"


def test_one_who_let_it_lapse_may_be_asked_again(offer: Offer, staff: User, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.OFFER_TTL_S))
    dead = die(offer.request, clock)
    direct_request(dead, offer.partner, actor=staff, now=clock.now)
    assert offered_to(dead) == offer.partner


@pytest.mark.parametrize("stage", ["pending", "offer", "ride"])
def test_only_dead_letters_are_directed_or_widened(
    request: pytest.FixtureRequest, staff: User, clock: Clock, stage: str
) -> None:
    found = request.getfixturevalue(stage)
    made = found if isinstance(found, CheerRequest) else found.request
    named = make_partner("Named")
    for attempt in (
        lambda: direct_request(made, named, actor=staff, now=clock.now),
        lambda: direct_request(made, named, forced=True, actor=staff, now=clock.now),
        lambda: widen_request(made, reach_m=20_000, patience_s=None, actor=staff, now=clock.now),
    ):
        with unchanged(), pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == f"request_{made.status}"


def test_twice(dead: CheerRequest, staff: User, clock: Clock) -> None:
    first, second = make_partner("First"), make_partner("Second")
    direct_request(dead, first, actor=staff, now=clock.now)
    with unchanged(), pytest.raises(Conflict) as refused:
        direct_request(dead, second, actor=staff, now=clock.now)
    assert refused.value.code == "request_offered"
