"""What people see when something is not right. Programs get JSON; that is tested with the API."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User
from web.tests.browse import browser_of, text_of


def test_not_found(db: None) -> None:
    answer = browser_of(None).get("/no-such-page")
    assert answer.status_code == 404
    assert "Nobody is cheering here" in text_of(answer)


def test_wrong_role_names_the_account(user: User) -> None:
    answer = browser_of(user).get("/staff/")
    assert answer.status_code == 403
    assert user.email in text_of(answer)


def test_a_stale_form(user: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept": "text/html"})
    answer = client.post("/account/login/", {"login": user.email, "password": "x"})
    assert answer.status_code == 403
    assert "Please try that once more" in text_of(answer)


def test_our_mistake_needs_no_database_and_no_request() -> None:
    assert "That was our mistake" in render_to_string("500.html")


def test_our_mistake_is_shown(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.views.active_regions", lambda: 1 / 0)
    client = browser_of(user)
    client.raise_request_exception = False
    answer = client.get("/become-a-partner")
    assert answer.status_code == 500
    assert "That was our mistake" in text_of(answer)


def test_the_icon_that_browsers_ask_for_unprompted(db: None) -> None:
    assert browser_of(None).get("/favicon.ico")["Location"].endswith("/icons/favicon.svg")
