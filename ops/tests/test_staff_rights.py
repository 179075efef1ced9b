"""Staff may do by API what their rights say, and no more."""

import pytest
from django.contrib.auth.models import Group

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, page_of
from ops.staff_roles import ROLES, seed_roles
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import assert_refused, client_of, fresh, make_applicant, make_clerk, unchanged
from web.tests.browse import browser_of

pytestmark = pytest.mark.django_db


def test_staff_without_rights_read_nobodys_rides(completed: Ride) -> None:
    api = client_of(make_clerk("Carl"))
    assert_refused(api.get("/ride"), 403, "permission_denied")
    assert_refused(api.get(f"/ride/{completed.pk}"), 403, "permission_denied")
    assert_refused(api.get(f"/ride/{completed.pk}/receipt"), 403, "permission_denied")


def test_staff_without_rights_learn_nobodys_place(pending: CheerRequest) -> None:
    api = client_of(make_clerk("Carl"))
    assert_refused(api.get(f"/cheerRequest/{pending.pk}"), 403, "permission_denied")


def test_staff_without_rights_approve_and_suspend_nobody(nyc: object, partner: Partner) -> None:
    applicant, api = make_applicant("Nora"), client_of(make_clerk("Carl", "accounts.view_partner"))
    with unchanged():
        assert_refused(api.post(f"/partner/{applicant.pk}/approve"), 403, "permission_denied")
        assert_refused(api.post(f"/partner/{partner.pk}/suspend"), 403, "permission_denied")


def test_a_right_opens_what_it_names(completed: Ride, pending_again: CheerRequest) -> None:
    api = client_of(make_clerk("Carl", "rides.view_ride"))
    assert api.get(f"/ride/{completed.pk}").status_code == 200
    assert len(api.get("/ride").json()["results"]) == 1
    assert_refused(api.get(f"/cheerRequest/{pending_again.pk}"), 403, "permission_denied")
    reader = client_of(make_clerk("Rita", "requests_app.view_cheerrequest"))
    assert reader.get(f"/cheerRequest/{pending_again.pk}").status_code == 200
    assert_refused(reader.get("/ride"), 403, "permission_denied")


@pytest.fixture
def pending_again(completed: Ride, user: User) -> CheerRequest:
    return completed.request


def test_a_receipt_is_of_a_ride_and_its_payments(completed: Ride) -> None:
    path = f"/ride/{completed.pk}/receipt"
    assert_refused(client_of(make_clerk("Carl", "rides.view_ride")).get(path), 403, "permission_denied")
    both = make_clerk("Rita", "rides.view_ride", "payments.view_payment")
    assert client_of(both).get(path).status_code == 200


def test_with_the_right_partners_are_approved(nyc: object) -> None:
    applicant = make_applicant("Nora")
    api = client_of(make_clerk("Carl", "accounts.change_partner"))
    assert api.post(f"/partner/{applicant.pk}/approve").status_code == 200
    assert fresh(applicant).approved


def test_a_right_without_the_role_opens_nothing(completed: Ride, outsider: User) -> None:
    """A right left over on a user's account gives nothing."""
    seed_roles()
    outsider.groups.set(Group.objects.all())
    api = client_of(outsider)
    assert api.get("/ride").json()["results"] == []
    assert_refused(api.get(f"/ride/{completed.pk}"), 404, "not_found")
    assert_refused(api.post(f"/partner/{completed.partner_id}/suspend"), 403, "permission_denied")


def test_the_staff_page_is_a_right_of_its_own(nyc: object) -> None:
    assert browser_of(make_clerk("Carl", "rides.view_ride")).get("/staff/").status_code == 403
    assert browser_of(make_clerk("Rita", "accounts.view_staff_page")).get("/staff/").status_code == 200


def test_a_page_shows_only_rows_that_may_be_seen(completed: Ride) -> None:
    """A ride's page lists its payments, to those who may see payments."""
    page = page_of(completed)
    narrow = desk_of(make_clerk("Carl", "rides.view_ride")).get(page)
    assert narrow.status_code == 200
    assert "payments-TOTAL_FORMS" not in narrow.content.decode()
    both = desk_of(make_clerk("Rita", "rides.view_ride", "payments.view_payment")).get(page)
    assert "payments-TOTAL_FORMS" in both.content.decode()


# ---------------------------------------------------------------- the usual roles


def test_the_roles_are_made_once_and_kept_as_superusers_change_them(nyc: object) -> None:
    seed_roles()
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
    viewer = Group.objects.get(name="Viewer")
    viewer.permissions.clear()
    seed_roles()
    assert not viewer.permissions.exists()
    assert Group.objects.count() == len(ROLES)


def test_no_role_may_change_rights_or_accounts_of_staff() -> None:
    changing = {right for rights in ROLES.values() for right in rights if not right.split(".")[1].startswith("view_")}
    assert not changing & {"auth.change_group", "auth.add_group", "accounts.add_user", "admin.change_logentry"}
    for rights in ROLES.values():
        assert not any(right.startswith("auth.") for right in rights)
