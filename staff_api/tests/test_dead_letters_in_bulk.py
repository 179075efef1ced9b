"""`POST /staffApi/deadLetter/…` with many: an outcome for each, and no row takes a step twice."""

from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, InterfaceError
from rest_framework.test import APIClient

from accounts.models import Partner
from api.models import IdempotencyRecord
from backoffice.models import StaffAction
from backoffice.steps import ROWS_MAX
from regions.models import Region
from requests_app import dead_letters
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from staff_api import steps
from staff_api.tests.scenes import VIEWER, dead, desk_api, pks
from tests.cast import assert_refused, fresh, in_threads, make_partner, make_user, queue, unchanged
from tests.other_regions import BOSTON

UNKNOWN = "019a8f5e-6f00-7000-8000-000000000001"
Outcomes = list[tuple[str, str, str | None]]


@pytest.fixture
def letters(nyc: Region) -> list[CheerRequest]:
    return [dead(f"Lena {n}") for n in range(3)]


def post(api: APIClient, step: str, rows: list[Any], key: str = "", **said: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    chosen = [row if isinstance(row, str) else str(row.pk) for row in rows]
    return api.post(f"/staffApi/deadLetter/{step}", {"requestIds": chosen, **said}, headers=headers)


def outcomes(answer: Any) -> Outcomes:
    assert answer.status_code == 200, answer.content
    return [(each["id"], each["outcome"], each["code"]) for each in answer.json()["outcomes"]]


def done(*rows: CheerRequest) -> Outcomes:
    return [(pk, "done", None) for pk in pks(*rows)]


def steps_with(row: CheerRequest) -> int:
    return StaffAction.objects.filter(subject=str(row.pk)).count()


def test_each_has_its_outcome(letters: list[CheerRequest], boston: Region) -> None:
    waiting, elsewhere = queue(make_user("Willa")), dead("Bea", at=BOSTON)
    api = desk_api(letters[0].region)
    answer = post(api, "requeue", [letters[2], waiting, elsewhere, UNKNOWN, letters[0]], reason="Snow")
    assert outcomes(answer) == [
        *done(letters[2]),
        (str(waiting.pk), "refused", "request_pending"),
        (str(elsewhere.pk), "refused", "not_found"),
        (UNKNOWN, "refused", "not_found"),
        *done(letters[0]),
    ]
    assert answer.json()["outcomes"][1]["detail"]
    actions = StaffAction.objects.order_by("number")
    assert [(row.action, row.subject, row.reason) for row in actions] == [
        ("requeue", pk, "Snow") for pk in pks(letters[2], letters[0])
    ]
    assert fresh(letters[1]).status == fresh(elsewhere).status == RequestStatus.NO_MATCH


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("takeCare", {}),
        ("note", {"note": "Rang"}),
        ("requeue", {}),
        ("widen", {"patienceS": 1800}),
        ("cancel", {"reason": "Snow"}),
    ],
)
def test_steps(letters: list[CheerRequest], step: str, said: dict[str, Any]) -> None:
    assert outcomes(post(desk_api(), step, letters, **said)) == done(*letters)
    assert StaffAction.objects.count() == 3


def test_one_partner_takes_one(letters: list[CheerRequest]) -> None:
    said = {"partnerId": str(make_partner("Pia").pk), "reason": "Agreed"}
    assert outcomes(post(desk_api(), "assign", letters[:2], **said)) == [
        *done(letters[0]),
        (str(letters[1].pk), "refused", "partner_busy"),
    ]
    assert Partner.objects.get().status == "busy"


def test_a_row_that_is_named_twice_takes_it_once(letters: list[CheerRequest]) -> None:
    assert outcomes(post(desk_api(), "takeCare", [letters[0], letters[0]])) == done(letters[0])


@pytest.mark.parametrize("rows", [[], [UNKNOWN] * (ROWS_MAX + 1), ["x"]])
def test_from_one_to_many(letters: list[CheerRequest], rows: list[str]) -> None:
    api = desk_api()
    with unchanged():
        assert post(api, "takeCare", rows).status_code == 400


def test_only_with_the_right(letters: list[CheerRequest]) -> None:
    api = desk_api(rights=VIEWER)
    with unchanged():
        assert_refused(post(api, "requeue", letters), 403, "permission_denied")


@pytest.mark.parametrize("step", ["direct", "assign"])
def test_a_partner_who_does_not_exist_is_refused_for_the_call(letters: list[CheerRequest], step: str) -> None:
    api = desk_api()
    with unchanged():
        answer = post(api, step, letters, partnerId=UNKNOWN, reason="Agreed")
        assert_refused(answer, 400, "does_not_exist", "partnerId")


def test_what_fails_on_our_side_leaves_the_others(letters: list[CheerRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    requeue = dead_letters.requeue_request

    def some(request: CheerRequest, **how: Any) -> Any:
        if request.pk == letters[1].pk:
            raise DatabaseError("somebody's address")
        return requeue(request, **how)

    monkeypatch.setattr(dead_letters, "requeue_request", some)
    answer = post(desk_api(), "requeue", letters)
    assert outcomes(answer) == [*done(letters[0]), (str(letters[1].pk), "failed", "error"), *done(letters[2])]
    assert b"address" not in answer.content
    assert [steps_with(letter) for letter in letters] == [1, 0, 1]


# ---------------------------------------------------------------- once


def test_the_same_key_twice(letters: list[CheerRequest]) -> None:
    api, waiting = desk_api(), queue(make_user("Willa"))
    first = post(api, "requeue", [*letters, waiting], key="k")
    with unchanged():
        again = post(api, "requeue", [*letters, waiting], key="k")
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    with unchanged():
        assert_refused(post(api, "requeue", letters[:1], key="k"), 409, "idempotency_mismatch")


def test_a_call_that_was_cut_short_goes_on(letters: list[CheerRequest]) -> None:
    """The database goes away after the second row. The same call then finds what is done, and does the rest."""
    api, real = desk_api(), steps.take
    api.raise_request_exception = False

    def takes(request: Any, rows: Any, call: Any, pk: Any, *said: Any) -> Any:
        if pk == letters[2].pk:
            raise InterfaceError("the connection is closed")
        return real(request, rows, call, pk, *said)

    with patch.object(steps, "take", takes):
        assert post(api, "requeue", letters, key="k").status_code == 503
    assert [steps_with(letter) for letter in letters] == [1, 1, 0]
    assert outcomes(post(api, "requeue", letters, key="k")) == done(*letters)
    assert [steps_with(letter) for letter in letters] == [1, 1, 1]
    assert IdempotencyRecord.objects.count() == 4


def test_without_a_key_nothing_is_kept(letters: list[CheerRequest]) -> None:
    post(desk_api(), "takeCare", letters)
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", [("k", "k"), ("k", "other")])
def test_at_the_same_time(letters: list[CheerRequest], keys: tuple[str, str]) -> None:
    api = desk_api()
    forward, backward = in_threads(
        lambda: post(api, "requeue", letters, key=keys[0]),
        lambda: post(api, "requeue", letters if keys[0] == keys[1] else letters[::-1], key=keys[1]),
    )
    if keys[0] == keys[1]:
        assert outcomes(forward) == outcomes(backward) == done(*letters)
    else:
        both = sorted(outcome for _, outcome, _ in outcomes(forward) + outcomes(backward))
        assert both == ["done"] * 3 + ["refused"] * 3
    assert [steps_with(letter) for letter in letters] == [1, 1, 1]
