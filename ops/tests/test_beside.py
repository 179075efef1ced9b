"""Rows beside the map of the staff page: the same rights, regions and records as on their pages in the admin."""

import pytest
from django.test import Client

from accounts.models import Partner, User
from backoffice.models import LOOKED, StaffAction
from backoffice.tests.desk import desk_of, page_of, url_of
from regions.models import Region
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import accept, make_clerk, open_offer, submit
from tests.other_regions import limited_to
from web.tests.browse import text_of

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def of_request(request: CheerRequest) -> str:
    return f"/staff/request/{request.pk}/"


def of_partner(partner: Partner) -> str:
    return f"/staff/partner/{partner.pk}/"


def test_a_request_with_its_fields_and_its_story(desk: Client, user: User, partner: Partner) -> None:
    request = submit(user)
    accept(open_offer(request))
    page = desk.get(of_request(request))
    text = text_of(page)
    for part in (user.label, partner.name, "Offered to", "Accepted by", "New York"):
        assert part in text
    assert page_of(request) in page.content.decode()
    assert "<html" not in page.content.decode()


def test_a_partner_with_all_that_they_did(desk: Client, completed: Ride) -> None:
    text = text_of(desk.get(of_partner(completed.partner)))
    for part in (
        completed.partner.name,
        "Approved",
        "Available",
        "Offered request",
        "Accepted request",
        "Session ended",
    ):
        assert part in text


def test_others_offers_and_rides_need_their_rights(ride: Ride) -> None:
    clerk = make_clerk("Carl", "accounts.view_staff_page", "accounts.view_partner")
    text = text_of(desk_of(clerk).get(of_partner(ride.partner)))
    assert "Approved" in text
    assert "request .." not in text


def test_looking_is_recorded_as_on_the_page(desk: Client, staff: User, user: User) -> None:
    request = submit(user)
    desk.get(of_request(request))
    looks = StaffAction.objects.filter(action=LOOKED, actor=staff)
    assert list(looks.values_list("subject", "detail")) == [(str(user.pk), f"requests_app.cheerrequest {request.pk}")]
    desk.get(page_of(request))
    assert looks.count() == 1


def test_without_the_right_nothing_is_told(user: User) -> None:
    request = submit(user)
    clerk = make_clerk("Carl", "accounts.view_staff_page")
    assert desk_of(clerk).get(of_request(request)).status_code == 403
    viewer = make_clerk("Vera", "requests_app.view_cheerrequest")
    assert desk_of(viewer).get(of_request(request)).status_code == 403  # not the staff page
    assert not StaffAction.objects.filter(action=LOOKED)


def test_what_is_of_another_region_is_not_there(user: User, partner: Partner, boston: Region) -> None:
    request = submit(user)
    rights = ("accounts.view_staff_page", "requests_app.view_cheerrequest", "accounts.view_partner")
    clerk = limited_to(make_clerk("Carl", *rights), boston)
    for address in (of_request(request), of_partner(partner)):
        assert desk_of(clerk).get(address).status_code == 404
    assert not StaffAction.objects.filter(action=LOOKED)


def test_what_does_not_exist_is_not_there(desk: Client) -> None:
    for kind in ("request", "partner", "alert"):
        assert desk.get(f"/staff/{kind}/{NOBODY}/").status_code == 404


def test_steps_are_offered_to_those_who_may_take_them(desk: Client, user: User) -> None:
    request = submit(user)
    cancel = url_of(CheerRequest, "cancel", request.pk)
    assert cancel in desk.get(of_request(request)).content.decode()
    viewer = make_clerk("Vera", "accounts.view_staff_page", "requests_app.view_cheerrequest")
    assert cancel not in desk_of(viewer).get(of_request(request)).content.decode()


def test_what_came_of_a_step_is_told_once(desk: Client, user: User) -> None:
    request = submit(user)
    address = url_of(CheerRequest, "cancel", request.pk)
    taken = desk.post(address, {"_form_submitted": "on", "reason": "They rang"}, headers={"HX-Request": "true"})
    assert taken.status_code == 200
    assert "Cancel request: done." in text_of(desk.get(of_request(request)))
    assert "Cancel request: done." not in text_of(desk.get(of_request(request)))
