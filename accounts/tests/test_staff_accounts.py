"""Accounts of staff are managed by superusers alone."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, take
from tests.cast import make_clerk, unchanged

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerks_desk(nyc: object) -> Client:
    return desk_of(make_clerk("Hal", "accounts.change_user", "accounts.view_user", "mfa.change_authenticator"))


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
