"""`POST /cheerRequest/{requestId}/cancel`."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from core.errors import Missing
from notifications.models import Event
from ops.sweep import sweep_deadlines
from payments.models import Payment
from regions.models import Region
from regions.selectors import forget_regions
from requests_app.models import CheerRequest, Offer
from requests_app.services import cancel_request
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.states import RideStatus
from tests.cast import (
    Clock,
    accept,
    assert_refused,
    fresh,
    make_user,
    match,
    offered_to,
    open_offer,
    submit,
    unchanged,
)


def cancel(client: APIClient, request: CheerRequest, **body: Any) -> Any:
    return client.post(f"/cheerRequest/{request.pk}/cancel", body)


def types_told_to(recipient: str) -> list[str]:
    return list(Event.objects.filter(recipient=recipient).order_by("seq").values_list("type", flat=True))


def test_while_pending(user_api: APIClient, user: User, pending: CheerRequest) -> None:
    response = cancel(user_api, pending, reason="feeling better")
    assert response.status_code == 200
    told = response.json()
    assert (told["status"], told["reason"], told["reasonNote"]) == ("cancelled", "cancelled_by_user", "feeling better")
    last = pending.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.reason) == ("pending", "cancelled", user, "feeling better")
    assert not Payment.objects.exists()


@pytest.mark.parametrize("words", ["cancelled_by_staff", "no_show", "nobody_accepted"])
def test_nobody_types_a_code_of_ours(user_api: APIClient, pending: CheerRequest, words: str) -> None:
    """Else the page would say that our staff had called it off."""
    told = cancel(user_api, pending, reason=words).json()
    assert (told["reason"], told["reasonNote"]) == ("cancelled_by_user", words)


def test_the_body_is_optional(user_api: APIClient, pending: CheerRequest) -> None:
    assert user_api.post(f"/cheerRequest/{pending.pk}/cancel").json()["reason"] == "cancelled_by_user"


def test_while_offered_takes_the_offer_back(
    user_api: APIClient, offer: Offer, partner: Partner, other_user: User, nyc: Region
) -> None:
    assert cancel(user_api, offer.request).json()["status"] == "cancelled"
    assert (fresh(offer).status, fresh(offer).closed_code) == (OfferStatus.RESCINDED, "cancelled")
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    told = Event.objects.filter(recipient=f"partner:{partner.pk}").last()
    assert told is not None
    assert (told.type, told.payload) == (
        "offer.rescinded",
        {"offerId": str(offer.pk), "requestId": str(offer.request_id), "reason": "cancelled"},
    )
    assert not Payment.objects.exists()
    # The partner is free for the next one.
    second = submit(other_user)
    match(nyc)
    assert offered_to(second) == partner


def test_after_acceptance_within_the_grace_is_free(
    user_api: APIClient, ride: Ride, nyc: Region, clock: Clock, partner: Partner
) -> None:
    clock.now = ride.accepted_at
    clock.advance(nyc.cancellation_grace_s)
    assert cancel(user_api, ride.request).json()["status"] == "cancelled"
    assert (fresh(ride).status, fresh(ride).closed_code) == (RideStatus.CANCELLED, "cancelled_by_user")
    assert fresh(ride).cancelled_at == clock.now
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    assert partner.pk in positions.searchable("nyc")[1]
    assert positions.serving("nyc") == {}
    assert not Payment.objects.exists()
    assert types_told_to(f"partner:{partner.pk}") == ["offer", "ride.updated", "ride.updated"]


def test_later_it_costs_the_fee(user_api: APIClient, user: User, ride: Ride, nyc: Region, clock: Clock) -> None:
    clock.now = ride.accepted_at
    clock.advance(nyc.cancellation_grace_s + 0.001)
    body = cancel(user_api, ride.request).json()
    assert (body["status"], body["rideId"]) == ("cancelled", str(ride.pk))
    [payment] = Payment.objects.all()
    assert (payment.ride_id, payment.user, payment.kind) == (ride.pk, user, "cancellation_fee")
    assert (payment.amount, payment.currency, payment.status) == (500, "usd", "due")
    assert types_told_to(f"user:{user.pk}")[-3:] == ["payment.updated", "ride.updated", "request.updated"]


def test_no_fee_where_the_region_asks_for_none(
    user: User, user_api: APIClient, partner: Partner, nyc: Region, clock: Clock
) -> None:
    Region.objects.update(cancellation_fee_amount=0)
    forget_regions()
    request = submit(user)
    match(nyc)
    ride = accept(open_offer(request))
    clock.advance(nyc.cancellation_grace_s + 60)
    assert cancel(user_api, ride.request).status_code == 200
    assert not Payment.objects.exists()


def test_not_once_the_session_has_started(user_api: APIClient, running: Ride) -> None:
    with unchanged():
        assert_refused(cancel(user_api, running.request), 409, "ride_in_progress")


def test_not_once_it_is_completed(user_api: APIClient, completed: Ride) -> None:
    with unchanged():
        assert_refused(cancel(user_api, completed.request), 409, "request_completed")


def test_not_once_it_is_a_dead_letter(user_api: APIClient, pending: CheerRequest, clock: Clock) -> None:
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S + 1))
    with unchanged():
        assert_refused(cancel(user_api, pending), 409, "request_no_match")


@pytest.mark.parametrize("stage", ["pending", "offer", "ride"])
def test_twice(user_api: APIClient, request: Any, stage: str) -> None:
    found = request.getfixturevalue(stage)
    made = found if isinstance(found, CheerRequest) else found.request
    assert cancel(user_api, made).status_code == 200
    with unchanged():
        assert_refused(cancel(user_api, made), 409, "request_cancelled")


def test_a_cancelled_request_is_never_offered_again(
    user_api: APIClient, offer: Offer, other_partner: Partner, nyc: Region
) -> None:
    cancel(user_api, offer.request)
    match(nyc)
    assert offered_to(offer.request) is None


@pytest.mark.parametrize("stage", ["pending", "offer", "ride"])
def test_not_somebody_elses(other_user_api: APIClient, request: Any, stage: str) -> None:
    found = request.getfixturevalue(stage)
    made = found if isinstance(found, CheerRequest) else found.request
    with unchanged():
        assert_refused(cancel(other_user_api, made), 404, "not_found")
        assert_refused(other_user_api.post(f"/cheerRequest/{uuid4()}/cancel"), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("partner", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_users(api_of: Any, ride: Ride, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(cancel(client, ride.request), status, code)


@pytest.mark.parametrize(("reason", "code"), [(5, "invalid"), (None, "null"), ("x" * 201, "max_length")])
def test_malformed(user_api: APIClient, pending: CheerRequest, reason: Any, code: str) -> None:
    with unchanged():
        assert_refused(cancel(user_api, pending, reason=reason), 400, code, "reason")
    assert fresh(pending).status == RequestStatus.PENDING


def test_as_a_user_nobody_calls_off_what_is_not_theirs(staff: User, pending: CheerRequest) -> None:
    """Not even staff, who have a way of their own, without a fee."""
    for actor in (staff, make_user("Oscar")):
        with unchanged(), pytest.raises(Missing):
            cancel_request(actor, pending.pk, reason="", now=timezone.now())
