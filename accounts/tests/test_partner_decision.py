"""`POST /partner/{partnerId}/approve` and `…/suspend`."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

import positions
from accounts.models import Partner, User
from accounts.states import APPLICATION_GRAPH, Application
from notifications.models import Event
from requests_app.models import Offer
from rides.models import Ride
from tests.cast import assert_refused, client_of, end, fresh, make_applicant, unchanged


def path(partner: Partner, decision: str = "approve") -> str:
    return f"/partner/{partner.pk}/{decision}"


@pytest.fixture
def applicant(nyc: object) -> Partner:
    return make_applicant("Ann")


def trail(partner: Partner) -> list[tuple[str, str, User | None, str]]:
    return [(t.old, t.new, t.actor, t.reason) for t in partner.application_transitions.all()]


def test_approve(staff_api: APIClient, staff: User, applicant: Partner) -> None:
    response = staff_api.post(path(applicant), {"reason": "met her"})
    assert response.status_code == 200
    assert response.json()["application"] == "approved"
    assert response.json()["partnerId"] == str(applicant.pk)
    assert trail(applicant)[1:] == [("applied", "approved", staff, "met her")]
    online = client_of(applicant.user).post("/partner/status", {"status": "available"})
    assert online.json()["status"] == "available"


def told(partner: Partner) -> list[dict[str, Any]]:
    """What the partner was told of themselves, in order."""
    events = Event.objects.filter(recipient=f"partner:{partner.pk}", type="partner.updated").order_by("seq")
    return [event.payload for event in events]


def test_the_partner_is_told(staff_api: APIClient, applicant: Partner) -> None:
    for decision in ("approve", "suspend"):
        staff_api.post(path(applicant, decision))
    seen = [(body["partnerId"], body["application"], body["status"]) for body in told(applicant)]
    assert seen == [(str(applicant.pk), "approved", "offline"), (str(applicant.pk), "suspended", "offline")]


def test_the_body_is_optional(staff_api: APIClient, applicant: Partner) -> None:
    assert staff_api.post(path(applicant), None, content_type=None).status_code == 200


def test_suspend_takes_a_free_partner_offline_and_off_the_map(
    staff_api: APIClient, staff: User, partner: Partner
) -> None:
    assert partner.pk in positions.searchable("nyc")[1]
    response = staff_api.post(path(partner, "suspend"), {"reason": "rude"})
    assert response.status_code == 200
    assert (response.json()["application"], response.json()["status"]) == ("suspended", "offline")
    assert trail(partner)[-1] == ("approved", "suspended", staff, "rude")
    last = partner.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor) == ("available", "offline", staff)
    assert positions.searchable("nyc") == (set(), set())
    refused = client_of(partner.user).post("/partner/status", {"status": "available"})
    assert_refused(refused, 403, "partner_not_approved")


def test_and_back(staff_api: APIClient, partner: Partner) -> None:
    staff_api.post(path(partner, "suspend"))
    assert staff_api.post(path(partner)).json()["application"] == "approved"
    assert fresh(partner).status == "offline"


@pytest.mark.parametrize("decision", ["approve", "suspend"])
def test_twice(staff_api: APIClient, partner: Partner, decision: str) -> None:
    staff_api.post(path(partner, decision))
    with unchanged():
        assert_refused(staff_api.post(path(partner, decision)), 409, "wrong_state")


def test_an_applicant_is_not_suspended(staff_api: APIClient, applicant: Partner) -> None:
    assert not APPLICATION_GRAPH.allows(Application.APPLIED, Application.SUSPENDED)
    with unchanged():
        assert_refused(staff_api.post(path(applicant, "suspend")), 409, "wrong_state")


def test_not_with_an_offer_in_hand(staff_api: APIClient, offer: Offer) -> None:
    with unchanged():
        assert_refused(staff_api.post(path(offer.partner, "suspend")), 409, "partner_at_work")


def test_not_on_a_ride(staff_api: APIClient, running: Ride) -> None:
    with unchanged():
        assert_refused(staff_api.post(path(running.partner, "suspend")), 409, "partner_at_work")
    end(running)
    assert staff_api.post(path(running.partner, "suspend")).status_code == 200


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("partner", 403, "permission_denied"),
    ],
)
@pytest.mark.parametrize("decision", ["approve", "suspend"])
def test_only_staff(api_of: Any, applicant: Partner, who: str, status: int, code: str, decision: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(client.post(path(applicant, decision)), status, code)


def test_an_unknown_partner(staff_api: APIClient) -> None:
    assert_refused(staff_api.post(f"/partner/{uuid4()}/approve"), 404, "not_found")
    assert_refused(staff_api.post("/partner/me/approve"), 404, "not_found")


@pytest.mark.parametrize(("reason", "code"), [(5, "invalid"), (None, "null"), ("x" * 201, "max_length")])
def test_malformed(staff_api: APIClient, applicant: Partner, reason: Any, code: str) -> None:
    with unchanged():
        assert_refused(staff_api.post(path(applicant), {"reason": reason}), 400, code, "reason")
