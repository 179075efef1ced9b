"""`POST /partner/apply`."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Partner, Role, User
from accounts.states import Application, PartnerStatus, PartnerType
from tests.cast import assert_refused, client_of, fresh, make_user, submit, unchanged

BODY = {"name": "Captain Cheer", "type": "musician", "phone": "+1 (212) 555-0100"}


def test_turns_a_user_into_a_partner_who_awaits_approval(user_api: APIClient, user: User) -> None:
    response = user_api.post("/partner/apply", BODY)
    partner = Partner.objects.get(user=user)
    assert response.status_code == 201
    assert response.json() == {
        "partnerId": str(partner.pk),
        "name": "Captain Cheer",
        "type": "musician",
        "phone": "+1 (212) 555-0100",
        "status": "offline",
        "currentLocation": None,
        "region": None,
        "rating": None,
        "application": "applied",
    }
    assert fresh(user).role == Role.PARTNER
    assert partner.status == PartnerStatus.OFFLINE
    assert partner.application == Application.APPLIED
    assert [(t.old, t.new, t.actor) for t in partner.application_transitions.all()] == [("", "applied", user)]
    assert [(t.old, t.new, t.actor) for t in partner.transitions.all()] == [("", "offline", user)]


def test_name_and_type_are_optional(user_api: APIClient) -> None:
    body = user_api.post("/partner/apply", {"phone": "2125550100"}).json()
    assert (body["name"], body["type"]) == ("Ada", "cheerleader")


def test_without_a_name_anywhere(nyc: object) -> None:
    user = make_user("")
    client = client_of(user)
    assert client.post("/partner/apply", {"phone": "2125550100"}).json()["name"] == user.email.partition("@")[0]


@pytest.mark.parametrize("type", PartnerType.values)
def test_every_type(user_api: APIClient, type: str) -> None:
    assert user_api.post("/partner/apply", {**BODY, "type": type}).json()["type"] == type


def test_twice(user_api: APIClient) -> None:
    user_api.post("/partner/apply", BODY)
    with unchanged():
        assert_refused(user_api.post("/partner/apply", {**BODY, "name": "Other"}), 409, "already_applied")


def test_a_partner_is_one_already(partner_api: APIClient) -> None:
    with unchanged():
        assert_refused(partner_api.post("/partner/apply", BODY), 409, "already_applied")


def test_staff_may_not(staff_api: APIClient) -> None:
    with unchanged():
        assert_refused(staff_api.post("/partner/apply", BODY), 403, "permission_denied")


def test_without_a_token(anonymous: APIClient) -> None:
    with unchanged():
        assert_refused(anonymous.post("/partner/apply", BODY), 401, "not_authenticated")


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"phone": None}, "null", "phone"),
        ({"phone": 2125550100}, "invalid", "phone"),
        ({"phone": "12345"}, "invalid", "phone"),
        ({"phone": "call me"}, "invalid", "phone"),
        ({"phone": "٢١٢٥٥٥٠١٠٠"}, "invalid", "phone"),
        ({"phone": "1" * 33}, "max_length", "phone"),
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 81}, "max_length", "name"),
        ({"name": 1}, "invalid", "name"),
        ({"type": "clown"}, "invalid_choice", "type"),
        ({"type": ["coach"]}, "invalid_choice", "type"),
        ({"type": None}, "null", "type"),
    ],
)
def test_malformed(user_api: APIClient, change: dict[str, Any], code: str, attr: str) -> None:
    with unchanged():
        assert_refused(user_api.post("/partner/apply", {**BODY, **change}), 400, code, attr)


def test_nobody_approves_themselves(user_api: APIClient) -> None:
    body = {**BODY, "application": "approved", "status": "available", "rating": 5}
    answer = user_api.post("/partner/apply", body).json()
    assert (answer["application"], answer["status"], answer["rating"]) == ("applied", "offline", None)
    assert_refused(user_api.post("/partner/status", {"status": "available"}), 403, "partner_not_approved")


def test_somebody_with_an_open_request_can_not_change_sides(user: User, user_api: APIClient) -> None:
    submit(user)
    with unchanged():
        answer = user_api.post("/partner/apply", {"phone": "+1 212 555 0100"})
        assert_refused(answer, 409, "request_still_open")
