"""Staff send people a link to choose a password; they choose none for them."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.deferred_mails import send_deferred
from accounts.models import DeferredMail, User
from backoffice.tests.desk import desk_of, refusals, take, url_of
from tests.cast import PASSWORD, Clock, fresh, unchanged

NEW = {"email": "Nina@Cast.test", "name": "Nina"}


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def test_a_new_account_chooses_its_own_password(desk: Client, mailoutbox: list[Any]) -> None:
    desk.post(url_of(User, "add"), {**NEW, "staff": "on", "password1": "chosen-by-staff-9"})
    made = User.objects.get(email="nina@cast.test")
    for mail in DeferredMail.objects.filter(user=made):
        send_deferred(mail.pk)
    (told,) = mailoutbox
    link = re.search(r"/account/password/reset/key/\S+", told.body)
    assert (told.to, link is not None) == ([made.email], True)
    browser, new = Client(), "own-choice-of-Nina-9"
    form = browser.get(link[0], follow=True).redirect_chain[-1][0]  # type: ignore[index]
    browser.post(form, {"password1": new, "password2": new})
    assert fresh(made).check_password(new)


def test_staff_choose_nobodys_password(desk: Client, user: User) -> None:
    new = {"password1": "an-other-Password-9", "password2": "an-other-Password-9", "usable_password": "true"}
    with unchanged():
        desk.post(f"/admin/accounts/user/{user.pk}/password/", new, follow=True)
    assert fresh(user).check_password(PASSWORD)


def test_staff_send_a_link_instead_and_not_many(desk: Client, user: User, clock: Clock) -> None:
    for _ in range(3):
        assert not refusals(take(desk, user, "send_link"))
    mail = DeferredMail.objects.get(user=user, kind="password_reset")
    assert fresh(user).check_password(PASSWORD)
    clock.advance(60)
    take(desk, user, "send_link")
    assert DeferredMail.objects.filter(user=user, kind=mail.kind).count() == 2


def test_a_deactivated_account_gets_no_link(desk: Client, user: User) -> None:
    take(desk, user, "deactivate")
    with unchanged():
        assert len(refusals(take(desk, user, "send_link"))) == 1
