"""Accounts of staff are managed by superusers alone."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, take, url_of
from core.ids import new_id
from ops.staff_roles import seed_roles
from tests.cast import make_clerk, unchanged, with_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerks_desk(nyc: object) -> Client:
    return desk_of(make_clerk("Hal", "accounts.change_user", "accounts.view_user", "accounts.remove_second_factor"))


@pytest.fixture
def colleague(nyc: object) -> User:
    return make_clerk("Fiona", "payments.view_payment")


def test_nobody_becomes_a_colleague_by_a_new_password(clerks_desk: Client, colleague: User) -> None:
    new = {"password1": "an-other-Password-9", "password2": "an-other-Password-9", "usable_password": "true"}
    with unchanged():
        clerks_desk.post(f"/admin/accounts/user/{colleague.pk}/password/", new, follow=True)
        assert len(refusals(take(clerks_desk, colleague, "send_link"))) == 1
        assert clerks_desk.post(page_of(colleague), {"name": "x"}).status_code == 403


def test_nobody_disarms_or_shuts_out_a_colleague(clerks_desk: Client, colleague: User) -> None:
    factor = Authenticator.objects.get(user=colleague)
    with unchanged():
        assert len(refusals(take(clerks_desk, factor, "remove"))) == 1
        for step in ("deactivate", "revoke"):
            assert len(refusals(take(clerks_desk, colleague, step))) == 1
    assert Authenticator.objects.filter(user=colleague).exists()


def test_the_admin_has_no_password_page_of_its_own(clerks_desk: Client) -> None:
    assert clerks_desk.get("/admin/password_change/")["Location"] == "/account/password/change/"
    assert clerks_desk.post("/admin/password_change/").status_code == 405


# ---------------------------------------------------------------- a right of its own


def test_support_removes_no_second_factor(user: User) -> None:
    seed_roles()
    clerk = make_clerk("Sue")
    clerk.groups.set(Group.objects.filter(name="Support"))
    factor = Authenticator.objects.get(user=with_factor(user))
    desk = desk_of(clerk)
    assert desk.get(page_of(factor)).status_code == 200
    assert desk.post(url_of(Authenticator, "remove", factor.pk), {"_form_submitted": "on"}).status_code == 403
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_nor_does_the_right_to_change_its_row(user: User) -> None:
    factor = Authenticator.objects.get(user=with_factor(user))
    desk = desk_of(make_clerk("Sue", "mfa.change_authenticator", "mfa.view_authenticator"))
    assert desk.post(url_of(Authenticator, "remove", factor.pk), {"_form_submitted": "on"}).status_code == 403


def test_a_history_does_not_tell_which_rows_exist(user: User) -> None:
    desk = desk_of(make_clerk("Nell"))
    answers = [desk.get(url_of(User, "history", pk)) for pk in (user.pk, new_id())]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content
