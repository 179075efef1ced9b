"""Request → offer in the transaction that takes the request, without a matcher."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from core import valkey
from core.errors import Conflict
from notifications.models import Event
from regions.models import Region
from requests_app import services, wakeups
from requests_app.matching import immediate, policy
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.selectors import request_types_by_slug, rules_of
from requests_app.serving import availability
from requests_app.states import OfferStatus, RequestStatus
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    at,
    decline,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    queue,
    submit,
    unchanged,
)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions whose matcher was woken."""
    slugs: list[str] = []
    monkeypatch.setattr(wakeups, "wake", slugs.append)
    return slugs


def test_to_the_nearest_at_once(
    user_api: APIClient, user: User, partner: Partner, other_partner: Partner, woken: list[str], clock: Clock
) -> None:
    answer = user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)})
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
    request = CheerRequest.objects.get()
    offer = open_offer(request)
    assert offer.partner == partner
    assert (offer.wave, offer.eta_s) == (0, policy.eta_s(offer.distance_m))
    assert abs(offer.distance_m - 500) <= 1
    assert (request.status, request.attempts, request.wave) == (RequestStatus.OFFERED, 1, 0)
    assert (fresh(partner).status, fresh(other_partner).status) == (PartnerStatus.OFFERED, PartnerStatus.AVAILABLE)
    assert positions.searchable("nyc")[1] == {other_partner.pk}
    steps = [(step.old, step.new, step.actor) for step in request.transitions.all()]
    assert steps == [("", "pending", user), ("pending", "offered", None)]
    told = Event.objects.filter(recipient=f"user:{user.pk}").order_by("seq")
    assert [event.payload["request"]["status"] for event in told] == ["pending", "offered"]
    assert Event.objects.get(recipient=f"partner:{partner.pk}").payload["offer"]["offerId"] == str(offer.pk)
    assert woken == []


def test_nothing_begins_with_a_step_that_the_graph_lacks(nyc: Region, user: User) -> None:
    template = submit(user)
    request = CheerRequest(
        user=make_user("Second"),
        region=nyc,
        request_type=template.request_type,
        lat=0,
        lng=0,
        created_at=template.created_at,
        next_attempt_at=template.created_at,
        give_up_at=template.give_up_at,
    )
    with unchanged(), pytest.raises(Conflict) as refused:
        request.create_moved(RequestStatus.COMPLETED, actor=None, mover=None, at=timezone.now())
    assert (refused.value.code, request.status) == ("wrong_state", RequestStatus.PENDING)


def test_who_was_just_asked_is_passed_over(
    nyc: Region, user: User, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search says what was true a moment ago."""
    second = make_partner("Second", at=north(600))
    near = immediate.near

    def then_leave(*args: Any, **kwargs: Any) -> Any:
        found = near(*args, **kwargs)
        availability.go_offline(partner, now=timezone.now())
        return found

    monkeypatch.setattr(immediate, "near", then_leave)
    assert offered_to(submit(user)) == second


def test_while_another_waits_the_matcher_decides(nyc: Region, user: User, other_user: User, woken: list[str]) -> None:
    queue(other_user, at=north(-20_000))
    make_partner("Pia")
    woken.clear()
    request = submit(user)
    assert fresh(request).status == RequestStatus.PENDING
    assert woken == ["nyc"]


def test_who_waits_elsewhere_does_not_matter(nyc: Region, user: User, other_user: User, partner: Partner) -> None:
    other = Region.objects.create(slug="b", name="B", boundary=nyc.boundary, time_zone="UTC", active=False)
    CheerRequest.objects.filter(pk=queue(other_user).pk).update(region=other)
    assert offered_to(submit(user)) == partner


def test_beyond_the_least_cap_the_matcher_decides(nyc: Region, user: User, woken: list[str]) -> None:
    far = make_partner("Far", at=north(-rules_of(nyc.pk).uncapped_m - 20))
    request = submit(user)
    assert offered_to(request) is None
    assert woken[-1:] == ["nyc"]
    match(nyc)
    assert offered_to(request) == far


def test_only_to_whom_the_kind_of_cheer_fits(nyc: Region, user: User) -> None:
    RequestType.objects.filter(slug="pep_talk").update(partner_types=["mascot"])
    make_partner("Pia", at=north(-10))
    mascot = make_partner("Max", at=north(-400))
    Partner.objects.filter(pk=mascot.pk).update(type="mascot")
    assert offered_to(submit(user)) == mascot


def test_a_silent_partner_is_offered_nothing(nyc: Region, user: User, partner: Partner, clock: Clock) -> None:
    clock.advance(settings.POSITION_FRESH_S + 1)
    assert offered_to(submit(user, now=clock.now)) is None


def test_nobody_is_asked_where_the_request_is_refused(nyc: Region, user: User, partner: Partner) -> None:
    queue(user, at=north(-20_000))
    with unchanged(), pytest.raises(Conflict) as refused:
        submit(user)
    assert refused.value.code == "request_already_open"
    assert positions.searchable("nyc")[1] == {partner.pk}


def test_a_failure_halfway_leaves_nothing(
    nyc: Region, user: User, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("requests_app.offers.announce.offered", fail)
    with unchanged(), pytest.raises(ZeroDivisionError):
        submit(user)
    assert positions.searchable("nyc")[1] == {partner.pk}


def test_without_valkey_the_request_is_taken(
    nyc: Region, user: User, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise valkey.Unreachable

    monkeypatch.setattr(positions, "nearest_to_many", away)
    assert fresh(submit(user)).status == RequestStatus.PENDING


def test_what_was_declined_goes_on_with_the_matcher(
    nyc: Region, user: User, partner: Partner, other_partner: Partner
) -> None:
    request = submit(user)
    decline(open_offer(request))
    match(nyc)
    assert offered_to(request) == other_partner


def test_one_partner_two_requests(nyc: Region, user: User, other_user: User, partner: Partner) -> None:
    first, second = submit(user), submit(other_user)
    assert (offered_to(first), offered_to(second)) == (partner, None)
    services.cancel_request(user, first.pk, reason="", now=timezone.now())
    match(nyc)
    assert offered_to(second) == partner


def test_many_users_many_partners(nyc: Region) -> None:
    """Each has somebody of their own, with no matcher at all."""
    partners = [make_partner(f"P{number}", at=north(100.0 * number)) for number in range(5)]
    requests = [submit(make_user(f"U{number}"), at=north(100.0 * number)) for number in range(5)]
    assert [offered_to(request) for request in requests] == partners
    assert Offer.objects.filter(status=OfferStatus.PENDING).count() == 5


@pytest.mark.parametrize(("headers", "of_the_key"), [({}, 0), ({"Idempotency-Key": "k"}, 1)])
def test_how_many_statements_it_costs(
    nyc: Region,
    user: User,
    user_api: APIClient,
    partner: Partner,
    headers: dict[str, str],
    of_the_key: int,
) -> None:
    """From the token to the answer, without savepoints, which the test's own transaction makes necessary."""
    services.cancel_request(user, submit(user).pk, reason="", now=timezone.now())
    request_types_by_slug()  # remembered, as the regions are
    with CaptureQueriesContext(connection) as done:
        answer = user_api.post(
            "/cheerRequest", {"location": at(EMPIRE_STATE), "requestType": "pep_talk"}, headers=headers
        )
    assert answer.status_code == 201
    assert Offer.objects.filter(status=OfferStatus.PENDING).count() == 1
    said = [query["sql"] for query in done.captured_queries if "SAVEPOINT" not in query["sql"]]
    # On PostgreSQL a row and its history are one statement.
    statements = 7 if connection.vendor == "postgresql" else 10
    assert len(said) == statements + of_the_key, "\n".join(said)
