"""Messages between the user and the partner of a ride."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from notifications.models import Event
from requests_app.serving import fulfilment
from rides.contact.rules import OPEN_AFTER_END
from rides.models import MESSAGES_MAX, Message, Ride
from risk.models import Flag
from tests.cast import Clock, accept, assert_refused, fresh, match, open_offer, queue, start, unchanged


def write(api: APIClient, ride: Ride, body: dict[str, Any], **headers: Any) -> Any:
    return api.post(f"/ride/{ride.pk}/message", body, **headers)


def listed(api: APIClient, ride: Ride) -> list[dict[str, Any]]:
    """The ride's messages as the API lists them."""
    answer = api.get(f"/ride/{ride.pk}/message")
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def events(recipient: str, *types: str) -> list[dict[str, Any]]:
    """Return the events about messages that one side has received, in order."""
    told = Event.objects.filter(recipient=recipient, type__in=types or ["message", "message.marked"]).order_by("seq")
    return [event.payload for event in told]


def test_both_sides_write_and_read(user_api: APIClient, partner_api: APIClient, ride: Ride) -> None:
    first = write(user_api, ride, {"text": "By the fountain\nnorth side"})
    assert first.status_code == 201
    second = write(partner_api, ride, {"phrase": "on_my_way"})
    assert [each.json()["number"] for each in (first, second)] == [1, 2]
    for api in (user_api, partner_api):
        assert [(each["sender"], each["phrase"], each["text"], each["readAt"]) for each in listed(api, ride)] == [
            ("partner", "on_my_way", "I'm on my way.", None),
            ("user", None, "By the fountain\nnorth side", None),
        ]


def test_both_sides_are_told_by_events(user_api: APIClient, user: User, partner: Partner, ride: Ride) -> None:
    sent = write(user_api, ride, {"text": "Hi"}).json()
    for recipient in (f"user:{user.pk}", f"partner:{partner.pk}"):
        assert events(recipient) == [{"rideId": str(ride.pk), "message": sent}]


def test_a_phrase_is_in_the_readers_language(
    user_api: APIClient, partner_api: APIClient, user: User, partner: Partner, ride: Ride
) -> None:
    User.objects.filter(pk=user.pk).update(language="de")
    User.objects.filter(pk=partner.user_id).update(language="es")
    write(user_api, ride, {"phrase": "here"})
    german, spanish = events(f"user:{user.pk}"), events(f"partner:{partner.pk}")
    assert [told[0]["message"]["text"] for told in (german, spanish)] == ["Ich bin da.", "Ya llegué."]
    answer = partner_api.get(f"/ride/{ride.pk}/message", headers={"Accept-Language": "de"})
    assert answer.json()["results"][0]["text"] == "Ich bin da."


def test_marks_are_told_and_never_taken_back(
    user_api: APIClient, partner_api: APIClient, user: User, partner: Partner, ride: Ride, clock: Clock
) -> None:
    for text in "ab":
        write(user_api, ride, {"text": text})
    write(partner_api, ride, {"text": "c"})
    path = f"/ride/{ride.pk}/message/mark"
    delivered_at = clock.advance(1)
    assert partner_api.post(path, {"mark": "delivered", "upTo": 2}).status_code == 204
    read_at = clock.advance(1)
    partner_api.post(path, {"mark": "read", "upTo": 1})
    first, second, third = Message.objects.order_by("number")
    assert (first.delivered_at, first.read_at) == (delivered_at, read_at)
    assert (second.delivered_at, second.read_at) == (delivered_at, None)
    assert (third.delivered_at, third.read_at) == (None, None)  # their own
    for recipient in (f"user:{user.pk}", f"partner:{partner.pk}"):
        marks = [(told["sender"], told["mark"], told["upTo"]) for told in events(recipient, "message.marked")]
        assert marks == [("user", "delivered", 2), ("user", "read", 1)]
    clock.advance(1)
    with unchanged():
        partner_api.post(path, {"mark": "delivered", "upTo": 2})
        partner_api.post(path, {"mark": "read", "upTo": 1})
        partner_api.post(path, {"mark": "delivered", "upTo": 3})


def test_read_is_delivered_as_well(user_api: APIClient, partner_api: APIClient, ride: Ride) -> None:
    write(partner_api, ride, {"text": "a"})
    user_api.post(f"/ride/{ride.pk}/message/mark", {"mark": "read", "upTo": 300})
    message = Message.objects.get()
    assert message.delivered_at == message.read_at is not None


def test_a_repeated_call_sends_once(user_api: APIClient, ride: Ride) -> None:
    answers = [write(user_api, ride, {"text": "Hi"}, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Message.objects.count() == 1


# ---------------------------------------------------------------- when


def test_open_until_half_an_hour_after_the_session(
    user_api: APIClient, partner_api: APIClient, completed: Ride, clock: Clock
) -> None:
    assert completed.end_time is not None
    clock.now = completed.end_time + OPEN_AFTER_END - timedelta(seconds=1)
    assert write(user_api, completed, {"phrase": "left_something"}).status_code == 201
    clock.advance(1)
    with unchanged():
        for api in (user_api, partner_api):
            assert_refused(write(api, completed, {"phrase": "thanks"}), 409, "messages_closed")
    assert len(listed(partner_api, completed)) == 1
    assert partner_api.post(f"/ride/{completed.pk}/message/mark", {"mark": "read", "upTo": 1}).status_code == 204


def test_open_while_the_session_runs(partner_api: APIClient, running: Ride) -> None:
    assert write(partner_api, running, {"phrase": "here"}).status_code == 201


def test_closed_on_a_ride_that_was_cancelled(
    user_api: APIClient, partner_api: APIClient, partner: Partner, ride: Ride, clock: Clock
) -> None:
    fulfilment.cancel_by_partner(fresh(partner), ride.pk, reason="busy", now=clock.now)
    with unchanged():
        for api in (user_api, partner_api):
            assert_refused(write(api, ride, {"text": "Wait!"}), 409, "messages_closed")


def test_closed_once_the_other_account_is(user_api: APIClient, partner: Partner, completed: Ride) -> None:
    User.objects.filter(pk=partner.user_id).update(is_active=False)
    assert_refused(write(user_api, completed, {"text": "Hello?"}), 409, "messages_closed")


def test_a_ride_has_so_many_messages(user_api: APIClient, ride: Ride, clock: Clock) -> None:
    Message.objects.create(ride=ride, number=MESSAGES_MAX, sender="user", text="a", sent_at=clock.now)
    with unchanged():
        assert_refused(write(user_api, ride, {"text": "b"}), 409, "too_many_messages")


def test_a_flood_is_refused(user_api: APIClient, ride: Ride, settings: Any) -> None:
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "message": "2/hour"}
    with override_settings(REST_FRAMEWORK={**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}):
        assert [write(user_api, ride, {"text": "Hi"}).status_code for _ in range(3)] == [201, 201, 429]
        assert len(listed(user_api, ride)) == 2


# ---------------------------------------------------------------- who


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("outsider", 404, "not_found"),
        ("other_partner", 404, "not_found"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_nobody_else(api_of: Any, user_api: APIClient, ride: Ride, who: str, status: int, code: str) -> None:
    message = write(user_api, ride, {"text": "Hi"}).json()
    api = api_of(who)
    with unchanged():
        assert_refused(write(api, ride, {"text": "Hi"}), status, code)
        assert_refused(api.get(f"/ride/{ride.pk}/message"), status, code)
        assert_refused(api.post(f"/ride/{ride.pk}/message/mark", {"mark": "read", "upTo": 1}), status, code)
        assert_refused(api.post(f"/message/{message['messageId']}/report", {}), status, code)


def test_the_next_partner_does_not_see_what_was_written_to_the_last(
    user_api: APIClient, partner: Partner, ride: Ride, user: User, request: Any, clock: Clock
) -> None:
    write(user_api, ride, {"text": "The code of the door is 4711"})
    fulfilment.cancel_by_partner(fresh(partner), ride.pk, reason="busy", now=clock.now)
    next_api: APIClient = request.getfixturevalue("other_partner_api")
    match(ride.request.region)
    next_ride = accept(open_offer(ride.request))
    assert next_ride.pk != ride.pk
    assert listed(next_api, next_ride) == []
    assert_refused(next_api.get(f"/ride/{ride.pk}/message"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "invalid", None),
        ({"phrase": "here", "text": "a"}, "invalid", None),
        ({"phrase": "boo"}, "invalid_choice", "phrase"),
        ({"text": ""}, "blank", "text"),
        ({"text": "x" * 501}, "max_length", "text"),
        ({"text": "a\u202eb"}, "invalid", "text"),
        ({"text": 5}, "invalid", "text"),
    ],
)
def test_malformed(user_api: APIClient, ride: Ride, body: dict[str, Any], code: str, attr: str | None) -> None:
    with unchanged():
        response = write(user_api, ride, body)
    assert response.status_code == 400
    assert (response.json()["errors"][0]["code"], response.json()["errors"][0]["attr"]) == (
        code,
        attr or "non_field_errors",
    )


# ---------------------------------------------------------------- reports


def test_a_report_reaches_staff_and_ends_what_that_side_may_write(
    user_api: APIClient, partner_api: APIClient, partner: Partner, ride: Ride
) -> None:
    rude = write(partner_api, ride, {"text": "Something rude"}).json()
    for _ in range(2):
        assert user_api.post(f"/message/{rude['messageId']}/report", {}).status_code == 204
    flag = Flag.objects.get()
    assert (flag.kind, flag.subject, flag.times) == ("message_reported", f"message:{rude['messageId']}", 1)
    assert (flag.account_id, flag.ride_id, flag.request_id) == (partner.user_id, ride.pk, ride.request_id)
    with unchanged():
        assert_refused(write(partner_api, ride, {"text": "More"}), 409, "messages_refused")
    assert write(user_api, ride, {"text": "Please go"}).status_code == 201
    assert start(ride).status == "in_progress"


def test_nobody_reports_themselves(user_api: APIClient, ride: Ride) -> None:
    own = write(user_api, ride, {"text": "Hi"}).json()
    with unchanged():
        assert_refused(user_api.post(f"/message/{own['messageId']}/report", {}), 409, "own_message")


def test_a_report_ends_nothing_on_another_ride(
    user_api: APIClient, partner_api: APIClient, completed: Ride, user: User
) -> None:
    rude = write(partner_api, completed, {"text": "Something rude"}).json()
    user_api.post(f"/message/{rude['messageId']}/report", {})
    request = queue(user)
    match(request.region)
    again = accept(open_offer(request))
    assert write(partner_api, again, {"phrase": "on_my_way"}).status_code == 201
