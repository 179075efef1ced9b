"""Attempts to learn of a deleted account: from the other side's rows, from devices, and from late writers."""

import json
from datetime import datetime

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts.models import Partner, User
from accounts.position_rows import write_positions
from api.models import IdempotencyRecord
from notifications.events import partner_recipient, user_recipient
from notifications.models import DeferredPush, Event, PushSubscription
from requests_app.models import CheerRequest, Offer
from rides.models import Ride
from tests.cast import at, client_of, come, fresh, north
from web.privacy.deletion import delete_account
from web.privacy.export import export

NOTE = "Third floor"


def log_of(recipient: str) -> str:
    return json.dumps(list(Event.objects.filter(recipient=recipient).values_list("payload", flat=True)))


def answers_to(user: User) -> str:
    records = IdempotencyRecord.objects.filter(scope=f"user:{user.pk}")
    return json.dumps(list(records.values_list("body", flat=True)), cls=DjangoJSONEncoder)


def subscribed(recipient: str, digest: str, now: datetime) -> PushSubscription:
    return PushSubscription.objects.create(
        recipient=recipient, digest=digest, endpoint=f"https://push.test/{digest}", p256dh="p", auth="a", created_at=now
    )


def end_by_api(ride: Ride, path: str = "/rideEnd") -> None:
    client = client_of(ride.partner.user)
    answer = client.post(path, {"rideId": str(ride.pk)}, format="json", HTTP_IDEMPOTENCY_KEY=f"key {path}")
    assert answer.status_code == 200, answer.content


def test_the_place_where_sessions_began_can_not_be_read(user: User, completed: Ride) -> None:
    assert completed.start_lat is not None
    exact = completed.start_lat
    delete_account(user, now=timezone.now())
    kept: Ride = fresh(completed)
    assert kept.start_lat == round(exact, 2) != exact


def test_a_partner_can_not_read_on_in_their_own_events(user: User, partner: Partner, completed: Ride) -> None:
    request = completed.request
    before = log_of(partner_recipient(partner.pk))
    for told in (NOTE, str(request.lat), '"Ada"'):
        assert told in before
    events = Event.objects.filter(recipient=partner_recipient(partner.pk)).order_by("seq").values_list("seq", "type")
    numbers = list(events)
    delete_account(user, now=timezone.now())
    after = log_of(partner_recipient(partner.pk))
    for told in (NOTE, str(request.lat), str(request.lng), '"Ada"'):
        assert told not in after
    # The log has no gap, and what it says of the work itself stays.
    assert list(events.all()) == numbers
    assert str(completed.pk) in after


def test_a_partner_can_not_read_on_in_answers_kept_for_repeated_calls(
    user: User, partner: Partner, offer: Offer
) -> None:
    client = client_of(partner.user)
    body = {"requestId": str(offer.request_id)}
    accept = {"data": body, "format": "json", "HTTP_IDEMPOTENCY_KEY": "accept"}
    ride_id = client.post("/rideAccept", **accept).json()["rideId"]
    assert '"Ada"' in answers_to(partner.user)
    ride = Ride.objects.get(pk=ride_id)
    come(ride)
    for path in ("/rideArrive", "/rideStart", "/rideEnd"):
        end_by_api(ride, path)
    delete_account(user, now=timezone.now())
    assert str(ride.pk) in answers_to(partner.user)
    assert '"Ada"' not in answers_to(partner.user)
    # A repeated call is still told what it did.
    assert client.post("/rideAccept", **accept).json()["rideId"] == ride_id


def test_a_user_can_not_read_on_who_came(user: User, partner: Partner, completed: Ride) -> None:
    assert '"Pia"' in log_of(user_recipient(user.pk))
    delete_account(partner.user, now=timezone.now())
    after = log_of(user_recipient(user.pk))
    assert '"Pia"' not in after
    assert NOTE in after  # the user's own words, and the user stays
    assert str(completed.request.lat) in after


def test_nobody_reads_on_why_a_person_cancelled(user: User, staff: User, pending: CheerRequest) -> None:
    told = {"requestId": str(pending.pk), "reason": "cancelled_by_user", "reasonNote": "my knee"}
    IdempotencyRecord.objects.create(
        scope=f"user:{staff.pk}",
        key="k",
        fingerprint="f",
        status=200,
        body={"request": told},
        created_at=timezone.now(),
    )
    client_of(user).post(f"/cheerRequest/{pending.pk}/cancel", {"reason": "my knee"}, format="json")
    CheerRequest.objects.get().transitions.filter(new="cancelled").update(actor=staff)
    delete_account(user, now=timezone.now())
    assert "my knee" not in answers_to(staff)
    assert str(pending.pk) in answers_to(staff)


def test_events_of_others_stay_as_they_are(
    user: User, other_user: User, partner: Partner, completed: Ride, clock: object
) -> None:
    here = north(900)
    answer = client_of(other_user).post("/cheerRequest", {"location": at(here), "note": "Ring twice"}, format="json")
    assert answer.status_code == 201, answer.content
    others = log_of(user_recipient(other_user.pk))
    delete_account(user, now=timezone.now())
    assert log_of(user_recipient(other_user.pk)) == others
    assert "Ring twice" in others


def test_no_device_of_a_deleted_account_is_told_anything(user: User, partner: Partner, other_partner: Partner) -> None:
    now = timezone.now()
    stays = subscribed(partner_recipient(other_partner.pk), "other", now)
    for recipient in (user_recipient(partner.user.pk), partner_recipient(partner.pk)):
        subscribed(recipient, recipient, now)
        DeferredPush.objects.create(recipient=recipient, seq=1, topic="t", payload={}, due_at=now, until=now)
    data = export(partner.user, now=now)["data"]
    assert [row["recipient"] for row in data["pushSubscriptions"]] == [
        user_recipient(partner.user.pk),
        partner_recipient(partner.pk),
    ]
    assert len(data["waitingPushes"]) == 2
    assert "push.test" not in json.dumps(data["pushSubscriptions"], cls=DjangoJSONEncoder)
    delete_account(partner.user, now=now)
    assert list(PushSubscription.objects.all()) == [stays]
    assert not DeferredPush.objects.exists()


def test_a_snapshot_read_before_the_deletion_writes_no_position(partner: Partner) -> None:
    row = (partner.pk, 40.7, -73.9, timezone.now())
    delete_account(partner.user, now=timezone.now())
    assert write_positions([row]) == 0
    assert fresh(partner).lat is None


def test_a_snapshot_writes_the_positions_of_others(partner: Partner, other_partner: Partner) -> None:
    delete_account(partner.user, now=timezone.now())
    now = timezone.now()
    assert write_positions([(whom.pk, 40.7, -73.9, now) for whom in (partner, other_partner)]) == 1
    assert fresh(other_partner).lat == 40.7


@pytest.mark.parametrize("status", ["cancelled", "declined"])
def test_requests_that_came_to_nothing_leave_no_trace_either(
    user: User, partner: Partner, pending: CheerRequest, offer: Offer, status: str
) -> None:
    if status == "declined":
        client_of(partner.user).post("/rideDecline", {"offerId": str(offer.pk)}, format="json")
    answer = client_of(user).post(f"/cheerRequest/{pending.pk}/cancel", {}, format="json")
    assert answer.status_code == 200, answer.content
    assert NOTE in log_of(partner_recipient(partner.pk))
    delete_account(user, now=timezone.now())
    assert NOTE not in log_of(partner_recipient(partner.pk))
    assert str(pending.lat) not in log_of(partner_recipient(partner.pk))
