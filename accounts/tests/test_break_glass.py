"""`manage.py break_glass`: a code that replaces a superuser's second factor, once, and for a short time."""

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.deferred_mails import send_deferred
from accounts.emergency_codes import LIFE
from accounts.models import DeferredMail, User
from accounts.recovery_codes import RecoveryCodes
from backoffice.models import StaffAction
from tests.cast import PASSWORD, Clock, assert_refused, client_of, make_clerk, make_staff, unchanged

WHY = "All keys are lost"


def break_glass(user: User, reason: str = WHY) -> str:
    """Returns the code that the command prints."""
    said = StringIO()
    call_command("break_glass", user.email, reason=reason, stdout=said)
    return said.getvalue().split()[0]


def log_in(user: User, otp: str) -> Any:
    return client_of(None).post("/login", {"email": user.email, "password": PASSWORD, "otp": otp})


def test_the_code_opens_the_api_once(staff: User) -> None:
    code = break_glass(staff)
    assert log_in(staff, code).status_code == 200
    assert_refused(log_in(staff, code), 401, "mfa_failed", "otp")


def test_the_code_opens_the_pages_once(staff: User) -> None:
    code = break_glass(staff)
    for browser, lands in ((Client(), True), (Client(), False)):
        browser.post("/account/login/", {"login": staff.email, "password": PASSWORD})
        browser.post("/account/2fa/authenticate/", {"code": code})
        assert (browser.get("/admin/").status_code == 200) == lands


def test_not_without_the_password(staff: User) -> None:
    code = break_glass(staff)
    answer = client_of(None).post("/login", {"email": staff.email, "password": "wrong-Password-1", "otp": code})
    assert_refused(answer, 401, "authentication_failed")


def test_its_life_is_short(staff: User, clock: Clock) -> None:
    code = break_glass(staff)
    clock.advance(LIFE.total_seconds())
    assert_refused(log_in(staff, code), 401, "mfa_failed", "otp")


def test_a_second_one_replaces_it(staff: User) -> None:
    first, second = break_glass(staff), break_glass(staff)
    assert_refused(log_in(staff, first), 401, "mfa_failed", "otp")
    assert log_in(staff, second).status_code == 200


def test_guessing_ends(staff: User) -> None:
    code = break_glass(staff)
    for _ in range(10):
        assert_refused(log_in(staff, "00000000"), 401, "mfa_failed", "otp")
    assert_refused(log_in(staff, code), 429, "throttled")


def test_recovery_codes_stay_as_they_are(staff: User) -> None:
    kept = RecoveryCodes.activate(staff).get_unused_codes()
    code = break_glass(staff)
    assert log_in(staff, kept[0]).status_code == 200
    assert log_in(staff, code).status_code == 200
    assert log_in(staff, kept[1]).status_code == 200


def test_everybody_is_told_and_it_is_written_down(staff: User, caplog: pytest.LogCaptureFixture) -> None:
    other = make_staff("Sonja")
    make_clerk("Clara")
    code = break_glass(staff)
    assert set(DeferredMail.objects.filter(kind="break_glass").values_list("user", flat=True)) == {staff.pk, other.pk}
    action = StaffAction.objects.get(action="break_glass")
    assert (action.actor, action.subject, action.reason) == (staff, str(staff.pk), WHY)
    assert any(record.getMessage() == "break_glass" for record in caplog.records)
    assert code not in caplog.text
    assert code not in str(Authenticator.objects.values())


def test_for_superusers_alone(user: User, staff: User) -> None:
    clerk, gone = make_clerk("Clara"), make_staff("Gina")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    with unchanged():
        for account in (user, clerk, gone):
            with pytest.raises(CommandError):
                break_glass(account)
        with pytest.raises(CommandError, match="reason"):
            break_glass(staff, " ")
        with pytest.raises(CommandError, match="no such account"):
            call_command("break_glass", "nobody@cast.test", reason=WHY)


def test_an_account_without_a_factor_needs_none(staff: User) -> None:
    Authenticator.objects.filter(user=staff).delete()
    with unchanged(), pytest.raises(CommandError, match="no second factor"):
        break_glass(staff)


def test_the_mail_says_whose_it_is(staff: User, mailoutbox: list[Any]) -> None:
    break_glass(staff)
    mailoutbox.clear()
    mail = DeferredMail.objects.get(kind="break_glass")
    DeferredMail.objects.filter(pk=mail.pk).update(due_at=mail.created_at, sent_at=None)
    send_deferred(mail.pk)
    (told,) = mailoutbox
    assert staff.email in told.body
    assert f"{LIFE.total_seconds() / 60:g} minutes" in told.body
