"""Request → offer, in one run of the matcher."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

import positions
from accounts.applications import apply_as_partner, decide_application
from accounts.models import Partner, User
from accounts.states import Application, PartnerStatus
from core import valkey
from notifications.models import Event
from regions.models import Region
from regions.selectors import forget_policies, forget_regions
from requests_app import services
from requests_app.matching import batch as matching
from requests_app.matching.policy import eta_s
from requests_app.models import CheerRequest, Offer
from requests_app.serving import availability
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
    unchanged,
)


def test_offers_to_the_nearest_and_tells_both_sides(
    nyc: Region, pending: CheerRequest, partner: Partner, other_partner: Partner, user: User, clock: Clock
) -> None:
    assert match(nyc) is True
    offer = open_offer(pending)
    assert offer.partner == partner
    assert (offer.created_at, offer.expires_at) == (clock.now, clock.now + timedelta(seconds=settings.OFFER_TTL_S))
    assert abs(offer.distance_m - 500) <= 1
    assert (offer.eta_s, offer.wave) == (eta_s(offer.distance_m), 0)
    assert (fresh(pending).status, fresh(pending).attempts) == (RequestStatus.OFFERED, 1)
    assert (fresh(partner).status, fresh(partner).status_since) == (PartnerStatus.OFFERED, clock.now)
    assert fresh(other_partner).status == PartnerStatus.AVAILABLE
    assert positions.searchable("nyc")[1] == {other_partner.pk}
    told = Event.objects.get(recipient=f"partner:{partner.pk}")
    assert told.type == "offer"
    assert told.payload["offer"]["offerId"] == str(offer.pk)
    assert told.payload["offer"]["location"] == {"lat": pending.lat, "lng": pending.lng}
    assert told.payload["offer"]["note"] == "Third floor"
    assert user.name not in str(told.payload)
    last = Event.objects.filter(recipient=f"user:{user.pk}").last()
    assert last is not None
    assert last.payload["request"]["status"] == "offered"
    assert str(partner.pk) not in str(last.payload)
    for row, old, new in ((offer, "", "pending"), (pending, "pending", "offered"), (partner, "available", "offered")):
        step = row.transitions.last()
        assert step is not None
        assert (step.old, step.new, step.actor) == (old, new, None)


def test_twice_makes_one_offer(nyc: Region, offer: Offer, other_partner: Partner) -> None:
    with unchanged():
        assert match(nyc) is False
    assert offered_to(offer.request) == offer.partner


def test_with_nothing_to_do(nyc: Region, partner: Partner) -> None:
    with unchanged():
        assert match(nyc) is False


def test_a_region_keeps_to_itself(nyc: Region, pending: CheerRequest, partner: Partner) -> None:
    elsewhere = Region.objects.create(
        slug="elsewhere", name="Elsewhere", boundary=[[[0, 0], [1, 0], [1, 1], [0, 1]]], time_zone="UTC"
    )
    with unchanged():
        assert match(elsewhere) is False


# ---------------------------------------------------------------- whom not


def test_not_to_who_is_offline_busy_or_offered(nyc: Region, pending: CheerRequest, partner: Partner) -> None:
    """Whatever Valkey says: the database decides."""
    availability.go_offline(partner, now=timezone.now())
    positions.enter("nyc", [partner.pk])
    match(nyc)
    assert offered_to(pending) is None


def test_not_where_the_position_is_unknown_to_valkey(nyc: Region, pending: CheerRequest, partner: Partner) -> None:
    valkey.client().hdel("{nyc}:pos", str(partner.pk))
    match(nyc)
    assert offered_to(pending) is None


def test_only_to_types_that_fit(nyc: Region, user: User, partner: Partner, other_partner: Partner) -> None:
    request = submit(user, type="serenade")
    match(nyc)
    assert offered_to(request) is None
    musician = make_partner("Max", at=north(1800), type="musician")
    match(nyc)
    assert offered_to(request) == musician


def test_not_to_the_one_who_asks(nyc: Region, user: User, pending: CheerRequest, other_partner: Partner) -> None:
    """A user may become a partner while their own request still waits."""
    now = timezone.now()
    myself = apply_as_partner(user, name="Ada", type="coach", phone="2125550100", now=now)
    decide_application(myself, Application.APPROVED, actor=None, now=now)
    report(myself, north(0))
    availability.go_online(fresh(myself), now=now)
    match(nyc)
    assert offered_to(pending) == other_partner


def test_not_beyond_the_widest_radius(nyc: Region, user: User) -> None:
    request = submit(user)
    make_partner("Far", at=north(-settings.MATCH_RADIUS_M[-1] - 50))
    match(nyc)
    assert offered_to(request) is None
    near = make_partner("Near", at=north(50 - settings.MATCH_RADIUS_M[-1]))
    match(nyc)
    assert offered_to(request) == near


# ---------------------------------------------------------------- several at once


def test_several_requests_and_partners(nyc: Region) -> None:
    """Everybody gets somebody, close pairs first."""
    partners = [make_partner(f"P{n}", at=north(1000 * n)) for n in range(4)]
    requests = [queue(make_user(f"U{n}"), at=north(1000 * n + 30)) for n in (3, 1, 0, 2)]
    assert match(nyc) is True
    found = [offered_to(request) for request in requests]
    assert found == [partners[3], partners[1], partners[0], partners[2]]
    assert Offer.objects.count() == 4


def test_more_requests_than_partners(nyc: Region, partner: Partner, other_partner: Partner) -> None:
    requests = [submit(make_user(f"U{n}")) for n in range(5)]
    match(nyc)
    assert sorted(fresh(request).status for request in requests) == ["offered"] * 2 + ["pending"] * 3
    assert {offer.partner_id for offer in Offer.objects.all()} == {partner.pk, other_partner.pk}


def test_many_that_nobody_can_serve_do_not_hide_the_next_one(
    nyc: Region, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "BATCH", 3)
    for number in range(7):
        submit(make_user(f"Remote {number}"), at=north(-20_000))
    last = submit(make_user("Close"))
    match(nyc)
    assert offered_to(last) == partner


def test_a_type_that_few_can_serve_does_not_hide_them(nyc: Region, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests_app.matching.search.CANDIDATES", 2)
    for number in range(4):
        make_partner(f"P{number}", at=north(100 * number))
    musician = make_partner("Max", at=north(1500), type="musician")
    request = submit(user, type="serenade")
    match(nyc)
    assert offered_to(request) == musician


# ---------------------------------------------------------------- nobody there


def test_it_backs_off(nyc: Region, pending: CheerRequest, clock: Clock) -> None:
    delays = []
    for attempts in range(1, 8):
        assert match(nyc) is False
        found = fresh(pending)
        assert (found.status, found.attempts) == (RequestStatus.PENDING, attempts)
        delays.append((found.next_attempt_at - clock.now).total_seconds())
        clock.now = found.next_attempt_at
    most = [min(settings.RETRY_MAX_S, settings.RETRY_BASE_S * 2**n) for n in range(7)]
    assert all(limit / 2 <= delay <= limit for delay, limit in zip(delays, most, strict=True))


def test_looking_before_its_time_changes_nothing(nyc: Region, pending: CheerRequest, clock: Clock) -> None:
    match(nyc)
    clock.advance(0.1)
    with unchanged():
        match(nyc)


def test_but_finds_whoever_has_come_meanwhile(nyc: Region, pending: CheerRequest, clock: Clock) -> None:
    match(nyc)
    partner = make_partner("Pia")
    clock.advance(0.1)
    match(nyc)
    assert offered_to(pending) == partner


def test_not_beyond_its_patience(nyc: Region, pending: CheerRequest, partner: Partner, clock: Clock) -> None:
    clock.advance(settings.REQUEST_PATIENCE_S)
    report(partner, north(500))
    with unchanged():
        match(nyc)


# ---------------------------------------------------------------- what changes between the search and the write


def test_a_request_called_off_meanwhile(
    nyc: Region, pending: CheerRequest, partner: Partner, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = matching.search

    def then_cancel(*args: Any, **kwargs: Any) -> Any:
        found = search(*args, **kwargs)
        services.cancel_request(user, pending.pk, reason="", now=timezone.now())
        return found

    monkeypatch.setattr(matching, "search", then_cancel)
    assert match(nyc) is False
    assert fresh(pending).status == RequestStatus.CANCELLED
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    assert not Offer.objects.exists()


def test_a_partner_gone_offline_meanwhile(
    nyc: Region, pending: CheerRequest, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = matching.search

    def then_leave(*args: Any, **kwargs: Any) -> Any:
        found = search(*args, **kwargs)
        availability.go_offline(partner, now=timezone.now())
        return found

    monkeypatch.setattr(matching, "search", then_leave)
    assert match(nyc) is False
    assert fresh(pending).status == RequestStatus.PENDING
    assert not Offer.objects.exists()


def test_one_pair_that_has_changed_does_not_cost_the_others(
    nyc: Region, partner: Partner, other_partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = queue(make_user("Near"), at=north(500)), queue(make_user("Far"), at=north(1000))
    search = matching.search

    def then_leave(*args: Any, **kwargs: Any) -> Any:
        found = search(*args, **kwargs)
        availability.go_offline(partner, now=timezone.now())
        return found

    monkeypatch.setattr(matching, "search", then_leave)
    assert match(nyc) is True
    assert offered_to(near) is None
    assert offered_to(far) == other_partner


def test_a_failure_halfway_leaves_nothing(
    nyc: Region, pending: CheerRequest, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests_app.announce.offered", lambda *_: 1 / 0)
    with unchanged(), pytest.raises(ZeroDivisionError):
        match(nyc)
    assert positions.searchable("nyc")[1] == {partner.pk}


# ---------------------------------------------------------------- what it costs


def test_a_hundred_requests_cost_as_many_statements_as_two(
    nyc: Region, django_assert_max_num_queries: Callable[..., Any], clock: Clock
) -> None:
    counts = []
    for many in (2, 100):
        for number in range(many):
            make_partner(f"P {many} {number}", at=north(10.0 * number))
            queue(make_user(f"U {many} {number}"), at=north(10.0 * number))
        forget_regions()  # both runs read the regions and policies, however long the scene took to set
        forget_policies()
        with django_assert_max_num_queries(20) as captured:
            match(nyc)
        assert CheerRequest.objects.filter(status=RequestStatus.PENDING).count() == 0
        counts.append(len(captured))
    assert counts[0] == counts[1]
