"""`POST /rideEnd`."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from notifications.models import Event
from payments.models import Payment
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest
from requests_app.serving import fulfilment
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import Clock, assert_refused, fresh, match, offered_to, start, submit, unchanged


def end(client: APIClient, ride: Ride) -> Any:
    return client.post("/rideEnd", {"rideId": str(ride.pk)})


def test_fixes_the_fare_opens_the_payment_and_frees_the_partner(
    partner_api: APIClient, running: Ride, user: User, partner: Partner, clock: Clock
) -> None:
    clock.now = running.start_time or clock.now
    clock.advance(599)
    response = end(partner_api, running)
    body = response.json()
    assert response.status_code == 200
    assert (body["status"], body["elapsedS"]) == ("completed", 599)
    assert body["endTime"] == clock.now.isoformat().replace("+00:00", "Z")
    assert body["fare"] == {"amount": 2000, "currency": "usd"}
    assert body["userName"] is None
    assert fresh(running.request).status == RequestStatus.COMPLETED
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    assert partner.pk in positions.searchable("nyc")[1]
    assert positions.serving("nyc") == {}
    [payment] = Payment.objects.all()
    assert (payment.ride_id, payment.user, payment.kind, payment.status) == (running.pk, user, "fare", "due")
    assert (payment.amount, payment.currency) == (2000, "usd")
    told = list(Event.objects.filter(recipient=f"user:{user.pk}").order_by("seq").values_list("type", flat=True))
    assert told[-3:] == ["payment.updated", "request.updated", "ride.updated"]


def test_every_row_has_its_history(completed: Ride, partner: Partner) -> None:
    for row, old, new in (
        (completed, "in_progress", "completed"),
        (completed.request, "accepted", "completed"),
        (partner, "busy", "available"),
    ):
        last = row.transitions.last()
        assert last is not None
        assert (last.old, last.new, last.actor) == (old, new, partner.user)


def test_time_goes_on_and_the_fare_does_not(partner_api: APIClient, completed: Ride, clock: Clock) -> None:
    clock.advance(86_400)
    body = partner_api.get(f"/ride/{completed.pk}").json()
    assert body["fare"] == {"amount": completed.fare_amount, "currency": "usd"}
    assert body["elapsedS"] == completed.elapsed(clock.now).total_seconds() < 60


def test_where_the_clock_has_stepped_back(partner_api: APIClient, running: Ride, clock: Clock) -> None:
    clock.now = running.start_time or clock.now
    clock.advance(-3600)
    body = end(partner_api, running).json()
    assert (body["elapsedS"], body["fare"]["amount"]) == (0, 1000)
    assert body["endTime"] == body["startTime"]


def test_a_changed_tariff_does_not_matter(partner_api: APIClient, running: Ride) -> None:
    Region.objects.update(increment_amount=9999, increment_s=1)
    assert end(partner_api, running).json()["fare"]["amount"] == 1000


def test_the_next_request_finds_the_partner(
    partner_api: APIClient, running: Ride, other_user: User, nyc: Region
) -> None:
    waiting = submit(other_user)
    match(nyc)
    assert offered_to(waiting) is None
    end(partner_api, running)
    match(nyc)
    assert offered_to(waiting) == running.partner


def test_twice(partner_api: APIClient, completed: Ride) -> None:
    with unchanged():
        assert_refused(end(partner_api, completed), 409, "ride_completed")


def test_not_before_the_start(partner_api: APIClient, ride: Ride) -> None:
    with unchanged():
        assert_refused(end(partner_api, ride), 409, "ride_not_started")


def test_not_once_it_was_called_off(partner_api: APIClient, ride: Ride, user: User, clock: Clock) -> None:
    services.cancel_request(user, ride.request_id, reason="", now=clock.now)
    with unchanged():
        assert_refused(end(partner_api, ride), 409, "ride_cancelled")


def test_not_another_partners(other_partner_api: APIClient, running: Ride) -> None:
    with unchanged():
        assert_refused(end(other_partner_api, running), 404, "not_found")
        assert_refused(other_partner_api.post("/rideEnd", {"rideId": str(uuid4())}), 404, "not_found")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_users_and_partners(api_of: Any, running: Ride, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(end(client, running), status, code)


def test_its_user_may_end_it_too(user_api: APIClient, running: Ride, user: User, partner: Partner) -> None:
    body = end(user_api, running).json()
    assert (body["status"], body["endedBy"], body["fare"]["amount"]) == ("completed", "user", 1000)
    last = running.transitions.last()
    assert last is not None
    assert (last.new, last.actor) == ("completed", user)
    assert fresh(partner).status == PartnerStatus.AVAILABLE
    told = Event.objects.filter(recipient=f"partner:{partner.pk}", type="ride.updated").latest("seq")
    assert told.payload["ride"]["endedBy"] == "user"


def test_not_another_users(other_user_api: APIClient, outsider_api: APIClient, running: Ride) -> None:
    with unchanged():
        for client in (other_user_api, outsider_api):
            assert_refused(end(client, running), 404, "not_found")


def test_a_user_not_before_the_start_nor_twice(user_api: APIClient, ride: Ride) -> None:
    with unchanged():
        assert_refused(end(user_api, ride), 409, "ride_not_started")
    start(ride)
    assert end(user_api, ride).status_code == 200
    with unchanged():
        assert_refused(end(user_api, ride), 409, "ride_completed")


def test_it_says_who_ended_it(
    partner_api: APIClient, user_api: APIClient, running: Ride, staff: User, partner: Partner, clock: Clock
) -> None:
    assert partner_api.get(f"/ride/{running.pk}").json()["endedBy"] is None
    fulfilment.release_partner(partner, actor=staff, now=clock.now)
    assert user_api.get(f"/ride/{running.pk}").json()["endedBy"] == "staff"
    assert user_api.get(f"/ride/{running.pk}/receipt").json()["endedBy"] == "staff"


def test_its_partner_ended_it(partner_api: APIClient, running: Ride) -> None:
    assert end(partner_api, running).json()["endedBy"] == "partner"


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "required"), ({"rideId": None}, "null"), ({"rideId": "x"}, "invalid"), ({"rideId": 1}, "invalid")],
)
def test_malformed(partner_api: APIClient, running: Ride, body: dict[str, Any], code: str) -> None:
    with unchanged():
        assert_refused(partner_api.post("/rideEnd", body), 400, code, "rideId")


def test_a_failure_on_the_way_leaves_nothing_behind(
    partner_api: APIClient, running: Ride, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of paper")

    monkeypatch.setattr("requests_app.announce.request_updated", fail)
    partner_api.raise_request_exception = False
    with unchanged():
        response = end(partner_api, running)
    assert response.status_code == 500
    assert response.json()["type"] == "server_error"
    assert "out of paper" not in response.content.decode()
    assert CheerRequest.objects.get().status == RequestStatus.ACCEPTED
