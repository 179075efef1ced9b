"""Partners and their applications in the admin."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Partner, User
from accounts.states import Application, PartnerStatus
from backoffice.tests.desk import desk_of, inputs_of, page_of, refusals, take, take_selected, told
from requests_app.serving import availability
from rides.models import Ride
from tests.cast import fresh, make_applicant, unchanged


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


# ---------------------------------------------------------------- applications


@pytest.fixture
def applicant(nyc: object) -> Partner:
    return make_applicant("Ann")


def titles(client: Client, partner: Partner) -> list[str]:
    return [button["title"] for button in client.get(page_of(partner)).context["actions_detail"]]


def test_approve_then_suspend(desk: Client, staff: User, applicant: Partner) -> None:
    assert titles(desk, applicant) == ["Approve", "Reject"]
    take(desk, applicant, "approve", reason="met her")
    assert fresh(applicant).application == Application.APPROVED
    assert titles(desk, applicant) == ["Suspend"]
    take(desk, applicant, "suspend", reason="rude")
    last = applicant.application_transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.reason) == ("approved", "suspended", staff, "rude")


def test_reject(desk: Client, applicant: Partner) -> None:
    take(desk, applicant, "reject")
    assert fresh(applicant).application == Application.REJECTED


@pytest.mark.parametrize(("first", "second"), [("approve", "approve"), ("approve", "reject"), ("reject", "suspend")])
def test_a_decision_that_can_not_follow(desk: Client, applicant: Partner, first: str, second: str) -> None:
    take(desk, applicant, first)
    with unchanged():
        assert len(refusals(take(desk, applicant, second))) == 1


def test_decide_selected(desk: Client, applicant: Partner, partner: Partner) -> None:
    response = take_selected(desk, [applicant, partner], "approve")
    assert ("success", "Approve: done.") in told(response)
    assert refusals(response) == ["Pia: An application that is approved can't become approved."]


def test_a_partner_at_work_is_not_suspended(desk: Client, partner: Partner, ride: Ride) -> None:
    with unchanged():
        assert len(refusals(take(desk, partner, "suspend"))) == 1


@pytest.mark.parametrize("field", ["status", "application", "rating_sum", "user", "region", "lat"])
def test_only_name_type_and_phone_of_a_partner_can_be_changed(desk: Client, partner: Partner, field: str) -> None:
    before = Partner.objects.filter(pk=partner.pk).values().get()
    data = {"name": "Pia Pia", "type": "coach", "phone": "+1 212 555 0199", field: "offline"}
    assert desk.post(page_of(partner), data).status_code == 302
    after = Partner.objects.filter(pk=partner.pk).values().get()
    assert after == {**before, "name": "Pia Pia", "type": "coach", "phone": "+1 212 555 0199"}


def test_a_partner_who_is_long_at_work_can_be_edited(desk: Client, partner: Partner) -> None:
    """What the page showed of their history may have moved on, whichever part of it was looked at."""
    for _ in range(30):
        availability.go_offline(partner, now=timezone.now())
        availability.go_online(partner, now=timezone.now())
    for page in ("?transitions-page=2", ""):
        form = inputs_of(desk.get(page_of(partner) + page))
        assert form["name"] == "Pia"
        availability.go_offline(partner, now=timezone.now())
        availability.go_online(partner, now=timezone.now())
        response = desk.post(page_of(partner) + page, {**form, "phone": f"+1 212 {len(page)}"})
        assert response.status_code == 302
        assert fresh(partner).phone == f"+1 212 {len(page)}"


def test_a_form_leaves_alone_what_has_changed_meanwhile(staff: User, partner: Partner) -> None:
    """The form was filled in while the partner was available; now they are not."""
    model_admin: Any = admin.site.get_model_admin(Partner)
    request = RequestFactory().post("/")
    request.user = staff
    stale = Partner.objects.get(pk=partner.pk)
    form = model_admin.get_form(request, stale)({"name": "Pia", "type": "coach", "phone": "1"}, instance=stale)
    assert form.is_valid()
    availability.go_offline(partner, now=timezone.now())
    model_admin.save_model(request, form.save(commit=False), form, change=True)
    saved = fresh(partner)
    assert (saved.type, saved.status) == ("coach", PartnerStatus.OFFLINE)
