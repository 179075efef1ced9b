"""Demo accounts in production: data that was seeded in development opens no door."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.demo import PASSWORD
from accounts.models import User
from accounts.socket_auth import identify
from accounts.socket_tickets import issue_socket_ticket, redeem_socket_ticket
from ops.seed import STAFF, USERS, seed_accounts
from tests.cast import PASSWORD as OWN_PASSWORD
from tests.cast import make_user


@pytest.fixture
def seeded(db: None) -> None:
    """Credentials of demo accounts that a development database still has."""
    seed_accounts()


def sign_in(email: str, password: str = PASSWORD) -> int:
    return APIClient().post("/login", {"email": email, "password": password}).status_code


def sign_in_on_the_page(email: str, password: str = PASSWORD) -> bool:
    browser = Client()
    browser.post("/account/login/", {"login": email, "password": password})
    return browser.get("/me").status_code == 200


def handshake(**headers: str) -> Any:
    return {"headers": [(name.encode(), value.encode()) for name, value in headers.items()], "query_string": b""}


def test_development_lets_them_in(seeded: None, settings: Settings) -> None:
    settings.DEBUG = True  # in which the demo staff need no second factor
    assert sign_in(STAFF) == 200
    assert sign_in_on_the_page(USERS[0])


def test_a_demo_password_opens_neither_api_nor_page_nor_admin(seeded: None, settings: Settings) -> None:
    settings.DEMO_ACCOUNTS = False
    for email in (STAFF, USERS[0], USERS[0].upper()):
        assert sign_in(email) == 401
        assert not sign_in_on_the_page(email)
    browser = Client()
    browser.post("/admin/login/", {"username": STAFF, "password": PASSWORD})
    assert browser.get("/admin/").status_code == 302


def test_tokens_tickets_and_sessions_of_development_end(seeded: None, settings: Settings) -> None:
    user = User.objects.get(email=STAFF)
    _, token = AuthToken.objects.create(user, expiry=timedelta(days=1))
    ticket, _ = issue_socket_ticket(user, now=timezone.now())
    browser = Client()
    browser.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    settings.DEMO_ACCOUNTS = False
    assert APIClient().get("/me", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert identify(handshake(authorization=f"Bearer {token}"))[0] is None
    assert redeem_socket_ticket(ticket, now=timezone.now())[0] is None
    assert identify(handshake(cookie=cookie))[0] is None
    assert browser.get("/me").status_code == 401
    assert browser.get("/staff/").status_code == 302


def test_the_public_password_opens_no_account_under_another_address(seeded: None, settings: Settings) -> None:
    User.objects.filter(email=STAFF).update(email="boss@cheers.example")
    settings.DEMO_ACCOUNTS = False
    assert sign_in("boss@cheers.example") == 401
    assert not sign_in_on_the_page("boss@cheers.example")


def test_everybody_else_comes_in(db: None, settings: Settings) -> None:
    settings.DEMO_ACCOUNTS = False
    user = make_user("Ada")
    assert sign_in(user.email, OWN_PASSWORD) == 200
    assert sign_in_on_the_page(user.email, OWN_PASSWORD)
