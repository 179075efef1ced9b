"""`POST /staffApi/deadLetter/{requestId}/…`: each step, by whom, in which state, and once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import Partner
from backoffice.models import StaffAction
from regions.models import Region
from requests_app.dead_letters import dead_letter
from requests_app.models import CheerRequest, Offer
from requests_app.records import DeadLetter
from rides.models import Ride
from staff_api.dead_letter_steps import CALLS
from staff_api.tests.scenes import VIEWER, dead, desk_api, make_desk
from tests.cast import (
    assert_refused,
    client_of,
    decline,
    fresh,
    in_threads,
    make_partner,
    make_staff,
    north,
    offered_to,
    unchanged,
)
from tests.other_regions import BOSTON

STEPS = [call.verb for call in CALLS]
QUIET = ("takeCare", "giveBack", "note")  # after which it still is a dead letter


@pytest.fixture
def letter(nyc: Region) -> CheerRequest:
    return dead("Lena")


def path(row: CheerRequest, step: str) -> str:
    return f"/staffApi/deadLetter/{row.pk}/{step}"


def body_of(step: str) -> dict[str, Any]:
    """A body with which this step succeeds; a partner is there for the steps that name one."""
    if step in ("direct", "assign"):
        return {"partnerId": str(make_partner("Pia", at=north(300)).pk), "reason": "Agreed"}
    others: dict[str, dict[str, Any]] = {"note": {"note": "Rang"}, "widen": {"radiusM": 20_000}, "takeCare": {}}
    return others.get(step, {"reason": "Rang"})


def ready(row: CheerRequest, step: str) -> None:
    """The dead letter has an owner before it is given back."""
    if step == "giveBack":
        DeadLetter.objects.create(request=row, owner=make_staff("Olga"), taken_at=timezone.now())


def recorded() -> list[tuple[str, str, str]]:
    rows = StaffAction.objects.exclude(action="looked").order_by("number")
    return [(row.action, row.detail, row.reason) for row in rows]


# ---------------------------------------------------------------- what each does


def test_take_care(letter: CheerRequest) -> None:
    clerk, api = make_desk()
    answer = api.post(path(letter, "takeCare"))
    assert answer.status_code == 200
    assert (answer.json()["ownerId"], answer.json()["status"]) == (str(clerk.pk), "no_match")
    assert DeadLetter.objects.get().owner == clerk
    assert recorded() == [("take_care", "", "")]


def test_give_back(letter: CheerRequest) -> None:
    ready(letter, "giveBack")
    answer = desk_api().post(path(letter, "giveBack"), {"reason": "Home"})
    assert answer.json()["ownerId"] is None
    assert recorded() == [("give_back", "", "Home")]


def test_note(letter: CheerRequest) -> None:
    answer = desk_api().post(path(letter, "note"), {"note": "Rang\ntwice"})
    assert answer.status_code == 200
    assert b"Rang" not in answer.content
    assert DeadLetter.objects.get().note == "Rang\ntwice"


def test_requeue(letter: CheerRequest) -> None:
    clerk, api = make_desk()
    answer = api.post(path(letter, "requeue"), {"reason": "Rang"})
    assert (answer.json()["requestId"], answer.json()["status"]) == (str(letter.pk), "pending")
    step = letter.transitions.last()
    assert step is not None
    assert (step.actor, step.reason) == (clerk, "requeued by staff")
    assert recorded() == [("requeue", "", "Rang")]


def test_widen(letter: CheerRequest) -> None:
    answer = desk_api().post(path(letter, "widen"), {"radiusM": 20_500, "patienceS": 1800, "reason": "Snow"})
    assert answer.json()["status"] == "pending"
    assert (fresh(letter).reach_m, fresh(letter).patience_s) == (20_500, 1800)
    assert recorded() == [("widen", "reach_m 20500, patience_s 1800", "Snow")]


def test_direct(letter: CheerRequest) -> None:
    make_partner("Near")
    named = make_partner("Named", at=north(3000))
    answer = desk_api().post(path(letter, "direct"), {"partnerId": str(named.pk)})
    assert answer.json()["status"] == "offered"
    assert offered_to(letter) == named
    assert recorded() == [("direct", f"partner {named.pk}", "")]


def test_assign(letter: CheerRequest) -> None:
    named = make_partner("Named", at=north(3000))
    answer = desk_api().post(path(letter, "assign"), {"partnerId": str(named.pk), "reason": "Agreed"})
    assert answer.json()["status"] == "accepted"
    assert Ride.objects.get().partner == named
    assert recorded() == [("assign", f"partner {named.pk}", "Agreed")]


def test_cancel(letter: CheerRequest) -> None:
    answer = desk_api().post(path(letter, "cancel"), {"reason": "They left"})
    assert (answer.json()["status"], answer.json()["reason"]) == ("cancelled", "cancelled_by_staff")
    assert fresh(letter).closed_note == "They left"


# ---------------------------------------------------------------- by whom


@pytest.mark.parametrize("step", STEPS)
def test_only_with_the_right(letter: CheerRequest, user_api: APIClient, step: str) -> None:
    ready(letter, step)
    body, looking = body_of(step), desk_api(rights=VIEWER)
    with unchanged():
        for api in (looking, user_api):
            assert_refused(api.post(path(letter, step), body), 403, "permission_denied")
        assert_refused(client_of(None).post(path(letter, step), body), 401, "not_authenticated")


@pytest.mark.parametrize("step", STEPS)
def test_one_of_another_region_is_not_there(boston: Region, step: str) -> None:
    here, api = dead("Ada"), desk_api(boston)
    ready(here, step)
    body = body_of(step)
    if "partnerId" in body:
        Partner.objects.update(region=boston)
    with unchanged():
        assert_refused(api.post(path(here, step), body), 404, "not_found")


@pytest.mark.parametrize("step", ["direct", "assign"])
def test_nor_is_a_partner_of_another_region(boston: Region, step: str) -> None:
    there, body, api = dead("Bea", at=BOSTON), body_of(step), desk_api(boston)
    with unchanged():
        assert_refused(api.post(path(there, step), body), 400, "does_not_exist", "partnerId")


def test_assigning_asks_who_it_is(letter: CheerRequest, settings: Any) -> None:
    clerk, api = make_desk()
    long_ago = timezone.now() - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1)
    AuthToken.objects.filter(user=clerk).update(created=long_ago)
    body = body_of("assign")
    with unchanged():
        assert_refused(api.post(path(letter, "assign"), body), 403, "reauthentication_required")
    assert api.post(path(letter, "direct"), body).status_code == 200


# ---------------------------------------------------------------- in which state


@pytest.mark.parametrize("step", [step for step in STEPS if step != "cancel"])
def test_only_a_dead_letter(pending: CheerRequest, step: str) -> None:
    body, api = body_of(step), desk_api()
    with unchanged():
        assert_refused(api.post(path(pending, step), body), 409, "request_pending")


def test_what_is_over_is_not_cancelled(completed: Ride) -> None:
    api = desk_api()
    with unchanged():
        assert_refused(api.post(path(completed.request, "cancel")), 409, "request_completed")


@pytest.mark.parametrize(
    ("step", "said", "code", "attr"),
    [
        ("widen", {}, "required", "reach_m"),
        ("widen", {"radiusM": 1}, "invalid", None),
        ("widen", {"radiusM": "20000"}, "invalid", "radiusM"),
        ("direct", {}, "required", "partnerId"),
        ("direct", {"partnerId": "019a8f5e-6f00-7000-8000-000000000001"}, "does_not_exist", "partnerId"),
        ("assign", {"partnerId": "019a8f5e-6f00-7000-8000-000000000001"}, "required", "reason"),
        ("note", {}, "required", "note"),
        ("requeue", {"reason": "x" * 201}, "max_length", "reason"),
    ],
)
def test_malformed(letter: CheerRequest, step: str, said: dict[str, Any], code: str, attr: str | None) -> None:
    api = desk_api()
    with unchanged():
        assert_refused(api.post(path(letter, step), said), 400, code, attr)


def test_a_partner_who_turned_it_down(offer: Offer) -> None:
    decline(offer)
    assert dead_letter(offer.request_id, now=fresh(offer.request).give_up_at)
    api = desk_api()
    with unchanged():
        said = {"partnerId": str(offer.partner_id)}
        assert_refused(api.post(path(offer.request, "direct"), said), 409, "partner_excluded")


# ---------------------------------------------------------------- once


@pytest.mark.parametrize("step", STEPS)
def test_the_same_key_twice(letter: CheerRequest, step: str) -> None:
    ready(letter, step)
    body, api = body_of(step), desk_api()
    first = api.post(path(letter, step), body, headers={"Idempotency-Key": "k"})
    assert first.status_code == 200, first.content
    with unchanged():
        again = api.post(path(letter, step), body, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again["Idempotency-Replayed"] == "true"
    with unchanged():
        other = api.post(path(letter, "cancel"), {"reason": "Other"}, headers={"Idempotency-Key": "k"})
        assert_refused(other, 409, "idempotency_mismatch")


@pytest.mark.parametrize("step", [step for step in STEPS if step != "note"])
def test_twice(letter: CheerRequest, step: str) -> None:
    ready(letter, step)
    body, api = body_of(step), desk_api()
    assert api.post(path(letter, step), body).status_code == 200
    with unchanged():
        assert api.post(path(letter, step), body).status_code == 409


@pytest.mark.parametrize("step", ["requeue", "direct", "takeCare"])
@pytest.mark.parametrize("keys", [("k", "k"), ("k", "other")])
@pytest.mark.django_db(transaction=True)
def test_at_the_same_time(letter: CheerRequest, step: str, keys: tuple[str, str]) -> None:
    body, api = body_of(step), desk_api()
    calls = [
        lambda key=key: api.post(path(letter, step), body, headers={"Idempotency-Key": key})  # type: ignore[misc]
        for key in keys
    ]
    answers = in_threads(*calls)
    expected = [200, 200] if keys[0] == keys[1] else [200, 409]
    assert sorted(answer.status_code for answer in answers) == expected
    assert len(recorded()) == 1
