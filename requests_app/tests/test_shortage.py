"""Request → offer, where far more partners are at work than free."""

from datetime import timedelta

import pytest

from accounts.models import Partner
from accounts.states import PartnerStatus
from regions.models import Region
from requests_app.matching import batch as matching
from requests_app.matching import policy
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from tests.cast import Clock, fresh, make_partner, make_user, match, north, offered_to, report, submit

FAR_M = 4000


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
    clock.advance(policy.eta_s(FAR_M) - policy.RULES.cap_s)  # the cap has gained as much
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
