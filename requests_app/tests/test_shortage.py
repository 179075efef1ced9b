"""Request → offer, where far more partners are at work than free."""

from datetime import timedelta

import pytest

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from regions.models import Region
from regions.services import change_policy
from requests_app.matching import batch as matching
from requests_app.matching import policy
from requests_app.matching.decisions import chosen_again, explained
from requests_app.models import CheerRequest, Offer
from requests_app.records import LeftOut, Look, LookResult, Matching
from requests_app.services import cancel_request
from requests_app.states import RequestStatus
from tests.cast import (
    Clock,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    queue,
    report,
    submit,
)
from tests.planning import by_index

FAR_M = 3000


@pytest.fixture
def far(nyc: Region) -> Partner:
    return make_partner("Far", at=north(FAR_M))


@pytest.fixture
def shortage(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests in ten minutes and three partners at work for one who is free make a shortage."""
    monkeypatch.setattr(policy, "SHORTAGE_REQUESTS", 2)
    monkeypatch.setattr(policy, "SHORTAGE_BUSY", 3)
    at_work = [make_partner(name).pk for name in "XYZ"]
    Partner.objects.filter(pk__in=at_work).update(status=PartnerStatus.BUSY)
    submit(make_user("Remote"), at=north(-20_000))


def test_a_lone_request_gets_even_a_far_partner_at_once(nyc: Region, pending: CheerRequest, far: Partner) -> None:
    match(nyc)
    assert offered_to(pending) == far


def test_in_a_shortage_a_far_partner_is_kept(
    nyc: Region, pending: CheerRequest, far: Partner, shortage: None, clock: Clock
) -> None:
    assert match(nyc) is False
    found = fresh(pending)
    assert (found.status, found.attempts, found.wave) == (RequestStatus.PENDING, 0, 0)
    assert found.next_attempt_at == clock.now + timedelta(seconds=matching.POSTPONE_S)


def test_for_the_next_request_nearby(nyc: Region, pending: CheerRequest, far: Partner, shortage: None) -> None:
    match(nyc)
    near = submit(make_user("Near"), at=north(FAR_M + 100))
    match(nyc)
    assert (offered_to(pending), offered_to(near)) == (None, far)


def test_but_not_for_ever(nyc: Region, pending: CheerRequest, far: Partner, shortage: None, clock: Clock) -> None:
    match(nyc)
    clock.advance((policy.eta_s(FAR_M) - policy.RULES.cap_s) / policy.RULES.cap_widens)  # the cap has gained as much
    report(far, north(FAR_M))
    match(nyc)
    assert offered_to(pending) == far


def test_nobody_is_kept_where_few_are_at_work(
    nyc: Region, pending: CheerRequest, far: Partner, shortage: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "SHORTAGE_BUSY", 4)
    match(nyc)
    assert offered_to(pending) == far


def test_a_near_partner_is_sent_in_a_shortage_too(
    nyc: Region, pending: CheerRequest, partner: Partner, shortage: None
) -> None:
    match(nyc)
    assert offered_to(pending) == partner


# ---------------------------------------------------------------- by the demand around each partner


@pytest.fixture
def amid(nyc: Region, shortage: None, clock: Clock) -> Partner:
    """A partner around whom others have asked all the time, in a shortage that is one with a second partner, too."""
    at_work = [make_partner(name).pk for name in "UVW"]
    Partner.objects.filter(pk__in=at_work).update(status=PartnerStatus.BUSY)
    for number in range(20):
        request = queue(make_user(f"Asked {number}"), at=north(FAR_M / 2))
        cancel_request(request.user, request.pk, reason="", now=clock.now)
    return make_partner("Amid", at=north(FAR_M / 2))


@pytest.fixture
def aside(nyc: Region) -> Partner:
    return make_partner("Aside", at=north(-FAR_M / 2))


def test_who_is_where_much_is_asked_for_goes_less_far(user: User, amid: Partner, aside: Partner, nyc: Region) -> None:
    between = queue(user, at=north(10))  # a little nearer to the one amid
    match(nyc)
    assert offered_to(between) == aside
    outcomes = {each.partner_id: each.left_out for each in explained(open_offer(between)).candidates}
    assert outcomes == {amid.pk: LeftOut.BEYOND_CAP, aside.pk: None}
    assert chosen_again(open_offer(between)) == aside.pk


def test_requests_that_contend_are_kept_from_them_too(
    user: User, other_user: User, amid: Partner, aside: Partner, nyc: Region
) -> None:
    first, second = queue(user, at=north(10)), queue(other_user, at=north(20))
    match(nyc)
    [offer] = Offer.objects.filter(request__in=[first, second])
    assert (offer.partner, chosen_again(offer)) == (aside, aside.pk)
    assert len(Matching.objects.get(pk=offer.decision["matching"]).pairs["demand"]) == 2
    left = first if offer.request_id == second.pk else second
    assert Look.objects.get(request=left).result == LookResult.OUTNUMBERED  # the one aside would have done


def test_a_region_can_have_one_cap_for_all(
    user: User, staff: User, amid: Partner, aside: Partner, nyc: Region, clock: Clock
) -> None:
    change_policy(nyc, actor=staff, reason="Try", now=clock.now, cap_local=0)
    between = queue(user, at=north(10))
    match(nyc)
    assert offered_to(between) == amid
    assert "demand" not in open_offer(between).decision


def test_whose_place_is_not_known_has_the_cap_of_the_region(
    user: User, amid: Partner, nyc: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = queue(user, at=north(10))
    monkeypatch.setattr(positions, "held", lambda *_: {})
    match(nyc)
    assert offered_to(between) == amid


def test_the_newest_requests_are_read_by_an_index(nyc: Region, clock: Clock) -> None:
    with by_index():
        plan = matching.asked_since(nyc, clock.now)[: matching.ASKED_MAX].explain()
    assert "request_region" in plan
    assert "B-TREE" not in plan
