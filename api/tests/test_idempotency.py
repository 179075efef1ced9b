"""`Idempotency-Key`. Two calls at once are in tests/races."""

import hashlib
import json
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from api.models import IdempotencyRecord
from ops.pruner import prune_all
from regions.models import Region
from requests_app.models import CheerRequest, Offer, SavedPlace
from rides.models import Ride
from speedycheers.urls import api as api_paths
from tests.cast import (
    EMPIRE_STATE,
    LONDON,
    PASSWORD,
    Clock,
    assert_refused,
    at,
    client_of,
    fresh,
    match,
    north,
    report,
    unchanged,
)

BODY = {"location": at(EMPIRE_STATE)}
PLACE = {"name": "Home", "location": at(EMPIRE_STATE)}


def post(client: APIClient, path: str, body: Any, key: str = "k1") -> Any:
    return client.post(path, body, HTTP_IDEMPOTENCY_KEY=key)


def replayed(response: Any) -> bool:
    return bool(response.headers.get("Idempotency-Replayed") == "true")


def test_the_same_key_and_body_give_the_same_answer_and_one_effect(user_api: APIClient) -> None:
    first = post(user_api, "/cheerRequest", BODY)
    assert (first.status_code, replayed(first)) == (201, False)
    with unchanged():
        second = post(user_api, "/cheerRequest", BODY)
    assert (second.status_code, replayed(second)) == (201, True)
    assert second.json() == first.json()
    assert CheerRequest.objects.count() == 1


def test_also_where_the_state_has_moved_on(user_api: APIClient, pending: CheerRequest) -> None:
    first = post(user_api, f"/cheerRequest/{pending.pk}/cancel", {})
    post(user_api, "/cheerRequest", BODY, key="k2")
    assert post(user_api, f"/cheerRequest/{pending.pk}/cancel", {}).json() == first.json()


def test_the_order_of_keys_in_the_body_does_not_matter(user_api: APIClient) -> None:
    post(user_api, "/cheerRequest", {"location": {"lat": 40.7, "lng": -73.99}, "note": "x"})
    second = post(user_api, "/cheerRequest", {"note": "x", "location": {"lng": -73.99, "lat": 40.7}})
    assert replayed(second)


@pytest.mark.parametrize("body", [{**BODY, "note": "other"}, {"location": at(LONDON)}, {}])
def test_another_body(user_api: APIClient, body: Any) -> None:
    post(user_api, "/cheerRequest", BODY)
    with unchanged():
        assert_refused(post(user_api, "/cheerRequest", body), 409, "idempotency_mismatch")


def test_another_path(user_api: APIClient, pending: CheerRequest) -> None:
    post(user_api, f"/cheerRequest/{pending.pk}/cancel", {})
    with unchanged():
        assert_refused(post(user_api, "/partner/apply", {}), 409, "idempotency_mismatch")


def test_keys_of_the_anonymous_are_each_addresss_own(anonymous: APIClient) -> None:
    def sign_up(name: str, address: str) -> Any:
        body = {"email": f"{name}@cast.test", "password": PASSWORD}
        return anonymous.post("/signup", body, HTTP_IDEMPOTENCY_KEY="1", REMOTE_ADDR=address)

    assert [sign_up("ada", "192.0.2.1").status_code for _ in range(2)] == [201, 201]
    assert sign_up("grace", "192.0.2.2").status_code == 201
    assert_refused(sign_up("eve", "192.0.2.1"), 409, "idempotency_mismatch")
    scopes = sorted(IdempotencyRecord.objects.values_list("scope", flat=True))
    assert [scope.partition(":")[0] for scope in scopes] == ["address", "address"]
    assert "192.0.2" not in str(scopes)


def test_keys_are_each_accounts_own(user_api: APIClient, other_user_api: APIClient) -> None:
    first, second = (post(client, "/cheerRequest", BODY) for client in (user_api, other_user_api))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["requestId"] != second.json()["requestId"]


def test_they_belong_to_the_account_and_not_to_the_token(user: User) -> None:
    first, second = (post(client_of(user), "/cheerRequest", BODY) for _ in range(2))
    assert replayed(second)
    assert first.json() == second.json()


def test_a_refusal_is_not_stored(user_api: APIClient, nyc: Region) -> None:
    """The same key may be tried again when the reason is gone."""
    far = {"location": at(LONDON)}
    assert_refused(post(user_api, "/cheerRequest", far), 409, "region_not_served", "location")
    assert post(user_api, "/cheerRequest", {"location": None}).status_code == 400
    assert not IdempotencyRecord.objects.exists()
    nyc.boundary = [[[-180, -90], [180, -90], [180, 90], [-180, 90]]]
    nyc.save()
    again = post(user_api, "/cheerRequest", far)
    assert (again.status_code, replayed(again)) == (201, False)


def test_a_refusal_with_an_effect_is(partner_api: APIClient, ride: Ride) -> None:
    """A wrong PIN is counted once, however often its call is made."""
    Ride.objects.filter(pk=ride.pk).update(pin="1234")
    body = {"rideId": str(ride.pk), "pin": "0000"}
    first, second = (post(partner_api, "/rideStart", body) for _ in range(2))
    assert_refused(first, 403, "wrong_pin", "pin")
    assert (first.json(), first.status_code) == (second.json(), second.status_code)
    assert (replayed(first), replayed(second)) == (False, True)
    assert fresh(ride).pin_failures == 1


def test_what_the_first_call_has_changed_does_not_refuse_the_second(user_api: APIClient) -> None:
    first = post(user_api, "/cheerRequest", BODY)
    assert_refused(post(user_api, "/cheerRequest", BODY, key="k2"), 409, "request_already_open")
    assert post(user_api, "/cheerRequest", BODY).json() == first.json()


def test_where_nothing_refuses_the_second_its_work_is_undone(user_api: APIClient) -> None:
    first = post(user_api, "/savedPlace", PLACE)
    SavedPlace.objects.update(lat=1.0)
    with unchanged():
        second = post(user_api, "/savedPlace", PLACE)
    assert (second.status_code, replayed(second)) == (201, True)
    assert second.json() == first.json()


def test_what_happens_outside_of_the_database_happens_once(
    partner_api: APIClient, partner: Partner, clock: Clock
) -> None:
    """A report without a time of its own, repeated late, must not carry the partner back."""
    for place, key in ((north(400), "a"), (north(300), "b"), (north(400), "a")):
        clock.advance(1)
        assert post(partner_api, "/updateLocation", {"location": at(place)}, key=key).status_code == 204
    held = positions.held("nyc", [partner.pk])[partner.pk][0]
    assert held.lat == pytest.approx(north(300)[0])


def test_an_answer_without_content(partner_api: APIClient, offer: Offer) -> None:
    for _ in range(2):
        response = post(partner_api, "/rideDecline", {"offerId": str(offer.pk)})
        assert (response.status_code, response.content) == (204, b"")


def test_a_failure_of_ours_is_not_kept(user_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    user_api.raise_request_exception = False
    with monkeypatch.context() as patch, unchanged():
        patch.setattr("requests_app.announce.request_updated", lambda *_: 1 / 0)
        assert post(user_api, "/cheerRequest", BODY).status_code == 500
    assert not IdempotencyRecord.objects.exists()
    assert post(user_api, "/cheerRequest", BODY).status_code == 201


def test_refused_before_the_handler_nothing_is_kept(partner_api: APIClient, anonymous: APIClient) -> None:
    assert post(partner_api, "/cheerRequest", BODY).status_code == 403
    assert post(anonymous, "/cheerRequest", BODY).status_code == 401
    assert not IdempotencyRecord.objects.exists()


def test_for_24_hours(user_api: APIClient, pending: CheerRequest, clock: Clock) -> None:
    path = f"/cheerRequest/{pending.pk}/cancel"
    post(user_api, path, {})
    clock.advance(settings.IDEMPOTENCY_KEY_TTL_S)
    assert replayed(post(user_api, path, {}))
    clock.advance(1)
    assert_refused(post(user_api, path, {}), 409, "request_cancelled")


def test_after_24_hours_the_key_is_new_also_where_it_was_not_swept(user_api: APIClient, clock: Clock) -> None:
    post(user_api, "/savedPlace", PLACE)
    clock.advance(settings.IDEMPOTENCY_KEY_TTL_S + 1)
    other = {**PLACE, "name": "Work"}
    assert [replayed(post(user_api, "/savedPlace", other)) for _ in range(2)] == [False, True]
    assert IdempotencyRecord.objects.get().created_at == clock.now


def test_the_sweep_deletes_what_has_had_its_time(user_api: APIClient, clock: Clock) -> None:
    post(user_api, "/cheerRequest", BODY)
    prune_all(clock.advance(settings.IDEMPOTENCY_KEY_TTL_S - 1))
    assert IdempotencyRecord.objects.count() == 1
    prune_all(clock.advance(2))
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\tb", "a\x7fb"])
def test_keys_that_are_none(user_api: APIClient, key: str) -> None:
    with unchanged():
        assert_refused(post(user_api, "/cheerRequest", BODY, key=key), 400, "invalid", "Idempotency-Key")


@pytest.mark.parametrize("key", ["1", "x" * 255, "018f-…", "🎉", "' OR 1=1 --"])
def test_keys_that_are(user_api: APIClient, key: str) -> None:
    assert [post(user_api, "/cheerRequest", BODY, key=key).status_code for _ in range(2)] == [201, 201]


def test_without_a_key_each_call_counts(user_api: APIClient) -> None:
    assert user_api.post("/cheerRequest", BODY).status_code == 201
    assert user_api.post("/cheerRequest", BODY).status_code == 409
    assert not IdempotencyRecord.objects.exists()


def test_no_password_and_no_secret_is_kept(anonymous: APIClient) -> None:
    body = {"email": "ada@cast.test", "password": PASSWORD, "name": "Ada"}
    assert [post(anonymous, "/signup", body).status_code for _ in range(2)] == [201, 201]
    record = IdempotencyRecord.objects.get()
    assert PASSWORD not in str(record.body)
    guess = json.dumps(["POST", "/signup", body], sort_keys=True)
    assert record.fingerprint != hashlib.sha256(guess.encode()).hexdigest()
    anonymous.post("/login", body, HTTP_IDEMPOTENCY_KEY="k2")
    assert IdempotencyRecord.objects.count() == 1


EXEMPT = {
    "login": "its answer is a secret",
    "socketTicket": "its answer is a secret",
    "cheerRequest/<uuid:request_id>/share": "its answer is a secret",
    "cardSetup": "its answer is a secret",
    "payment/<uuid:payment_id>/confirmation": "its answer is a secret",
    "hold/<uuid:hold_id>/confirmation": "its answer is a secret",
    "partner/payoutAccount": "its answer is a secret",
    "logout": "it ends what the repeated call would sign in with",
    "updatePaymentInfo": "the event's own id does it",
    "updatePayoutInfo": "the event's own id does it",
}


def test_every_post_takes_one_but_those_that_must_not() -> None:
    without = {
        str(pattern.pattern)
        for pattern in api_paths
        if (post := getattr(pattern.callback.view_class, "post", None)) and not getattr(post, "idempotent", False)
    }
    assert without == set(EXEMPT)


def test_the_whole_way_with_every_call_made_twice(
    user_api: APIClient, partner_api: APIClient, partner: Partner, nyc: Region
) -> None:
    """A client on a bad line repeats everything, and it is as if it had not."""

    def twice(client: APIClient, path: str, body: Any) -> Any:
        first, second = (post(client, path, body, key=path) for _ in range(2))
        assert (first.status_code, first.json()) == (second.status_code, second.json())
        return first.json()

    made = twice(user_api, "/cheerRequest", BODY)
    match(nyc)
    ride = twice(partner_api, "/rideAccept", {"requestId": made["requestId"]})
    report(partner, EMPIRE_STATE)
    for path in ("/rideArrive", "/rideStart", "/rideEnd"):
        twice(partner_api, path, {"rideId": ride["rideId"]})
    for path, body in (("rating", {"rating": 5}), ("tip", {"amount": 100})):
        twice(user_api, f"/ride/{ride['rideId']}/{path}", body)
    found = Ride.objects.get()
    assert [t.new for t in found.transitions.all()] == ["en_route", "in_progress", "completed"]
    assert (fresh(partner).status, fresh(partner).rating_count) == ("available", 1)
    assert sorted(found.payments.values_list("kind", flat=True)) == ["fare", "tip"]
