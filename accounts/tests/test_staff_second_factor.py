"""Staff do nothing without a second factor, and their credentials are short-lived."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.test import Client
from knox.models import AuthToken

from accounts.models import User
from backoffice.tests.desk import desk_of
from ops import seed as demo
from tests.authenticator_app import code_of
from tests.cast import PASSWORD, Clock, assert_refused, client_of, make_user, with_factor
from web.tests.browse import browser_of

pytestmark = pytest.mark.django_db
SET_UP = "/account/2fa/"


@pytest.fixture
def bare(nyc: object) -> User:
    """A superuser without a second factor, as `manage.py createsuperuser` makes them."""
    return User.objects.create_superuser("bare@cast.test", PASSWORD, name="Bare")


def test_the_password_alone_gives_no_token(bare: User) -> None:
    answer = client_of(None).post("/login", {"email": bare.email, "password": PASSWORD})
    assert_refused(answer, 403, "second_factor_missing")
    assert not AuthToken.objects.exists()


def test_a_wrong_password_does_not_tell_staff_apart(bare: User) -> None:
    answer = client_of(None).post("/login", {"email": bare.email, "password": "wrong-Password-1"})
    assert_refused(answer, 401, "authentication_failed")


def test_the_password_alone_opens_neither_admin_nor_pages(bare: User) -> None:
    browser = browser_of(None)
    browser.post("/account/login/", {"login": bare.email, "password": PASSWORD})
    for path in ("/admin/", "/admin/accounts/user/", "/staff/", "/account", "/account/devices", "/history", "/schema"):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, SET_UP), path
    assert browser.post("/admin/accounts/user/add/", {"email": "x@y.zz"}).status_code == 302


def test_the_session_of_the_password_alone_calls_nothing(bare: User) -> None:
    program = desk_of(bare)
    for path in ("/me", "/ride", "/socketTicket", "/admin/"):
        assert_refused(program.get(path), 403, "second_factor_missing")


def test_a_token_outlives_the_factor_by_nothing(staff: User) -> None:
    api = client_of(staff)
    assert api.get("/me").status_code == 200
    Authenticator.objects.filter(user=staff).delete()
    assert_refused(api.get("/me"), 403, "second_factor_missing")


def test_recovery_codes_alone_are_no_factor(bare: User) -> None:
    Authenticator.objects.create(user=bare, type="recovery_codes", data={})
    assert_refused(client_of(bare).get("/me"), 403, "second_factor_missing")


def test_the_pages_that_set_it_up_are_open(bare: User) -> None:
    browser = browser_of(bare)
    assert browser.get(SET_UP).status_code == 200
    assert browser.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")
    assert browser.get("/account/reauthenticate/").status_code == 200
    browser.post("/account/reauthenticate/", {"password": PASSWORD})
    assert browser.get("/account/2fa/totp/activate/").status_code == 200
    assert browser.post("/account/logout/").status_code == 302


def test_users_and_partners_need_none(user: User) -> None:
    assert client_of(user).get("/me").status_code == 200


def test_demo_accounts_are_exempt_in_development_only(nyc: object, settings: Any) -> None:
    demo.seed_accounts()
    credentials = {"email": demo.STAFF, "password": demo.PASSWORD}
    staff = User.objects.get(email=demo.STAFF)
    assert browser_of(staff).get("/admin/").status_code == 302
    settings.DEBUG = settings.DEMO_ACCOUNTS = True
    assert client_of(None).post("/login", credentials).status_code == 200
    assert desk_of(staff).get("/admin/").status_code == 200
    other = User.objects.create_superuser("bare@cast.test", PASSWORD)
    assert browser_of(other).get("/admin/").status_code == 302


def test_the_admin_is_entered_by_the_pages_sign_in(nyc: object) -> None:
    """That asks for a second factor, which the admin's own would not."""
    sign_in = "/account/login/"
    secret = generate_totp_secret()
    staff, client = with_factor(User.objects.create_superuser("sam@cast.test", PASSWORD), secret), Client()
    assert client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})["Location"].startswith(sign_in)
    assert client.get("/admin/").status_code == 302
    client.post(sign_in, {"login": staff.email, "password": PASSWORD})
    assert client.get("/admin/").status_code == 302
    client.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200
    user, client = make_user("Uma"), Client()
    client.post(sign_in, {"login": user.email, "password": PASSWORD})
    assert client.get("/admin/", follow=True).status_code == 403


# ---------------------------------------------------------------- short-lived


def test_tokens_of_staff_end_after_a_shift(staff: User, clock: Clock) -> None:
    """However long their row says that they live."""
    api = client_of(staff)
    AuthToken.objects.update(created=clock.now, expiry=clock.now + timedelta(days=30))
    clock.advance(12 * 3600 - 1)
    assert api.get("/me").status_code == 200
    clock.advance(1)
    assert api.get("/me").status_code == 401


def seconds_of(clock: Clock) -> float:
    return clock.now.timestamp()


def test_idle_sessions_of_staff_end(staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.sessions.time.time", partial(seconds_of, clock))
    desk = desk_of(staff)
    for _ in range(3):
        assert desk.get("/admin/").status_code == 200
        clock.advance(29 * 60)
    assert desk.get("/admin/").status_code == 200
    clock.advance(30 * 60)
    assert desk.get("/admin/").status_code == 302
    assert desk.get("/me").status_code == 401


def test_the_sessions_row_ends_with_the_idle_time(staff: User) -> None:
    """Sockets look at the row."""
    browser = desk_of(staff)
    browser.get("/admin/")
    assert browser.session.get_expiry_age() == 30 * 60


def test_sessions_of_users_do_not_idle_out(user: User, clock: Clock) -> None:
    browser = browser_of(user)
    clock.advance(24 * 3600)
    assert browser.get("/history").status_code == 200
