"""An account that has only a provider's sign-in is asked again who it is, by that provider."""

import time
from typing import Any
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.cast import PASSWORD, with_factor
from tests.oidc_provider import OidcProvider
from web.tests.browse import browser_of, text_of
from web.tests.test_third_party import EVE, enter, provider

__all__ = ["provider"]  # a fixture
AGAIN = "/account/again"
SENSITIVE = ["/account/data/export", "/account/delete", "/account/2fa/totp/activate/", "/account/password/set/"]


@pytest.fixture
def eve(nyc: object, provider: OidcProvider) -> Client:
    """Signed in by the provider alone."""
    browser = browser_of(None)
    enter(browser)
    assert not User.objects.get().has_usable_password()
    return browser


def ask(browser: Client, then: str = "/account/delete") -> Any:
    return enter(browser, f"{AGAIN}?next={then}")


@pytest.mark.parametrize("path", SENSITIVE)
def test_a_stolen_session_opens_no_sensitive_page(eve: Client, path: str) -> None:
    assert eve.get(path)["Location"] == f"{AGAIN}?next={quote(path, safe='')}"
    if path == "/account/password/set/":
        assert eve.post(path, {"password1": PASSWORD, "password2": PASSWORD})["Location"].startswith(AGAIN)
        assert not User.objects.get().has_usable_password()


def test_a_stolen_session_adds_no_address(eve: Client) -> None:
    assert eve.post("/account/email/", {"action_add": "", "email": "thief@cast.test"})["Location"].startswith(AGAIN)
    assert EmailAddress.objects.count() == 1


def test_the_provider_is_to_ask_and_the_session_is_renewed(eve: Client, provider: OidcProvider) -> None:
    assert "Continue with Example" in text_of(eve.get(AGAIN))
    key = eve.session.session_key
    assert ask(eve)["Location"] == "/account/delete"
    assert (provider.asked["prompt"], provider.asked["max_age"]) == ("login", "0")
    assert eve.get("/account/delete").status_code == 200
    assert eve.session.session_key != key


def test_a_sign_in_before_the_question_does_not_count(eve: Client, provider: OidcProvider) -> None:
    """The provider has not asked, because whoever has the browser took that out of its address."""
    provider.claims["auth_time"] = int(time.time()) - 3600
    assert ask(eve)["Location"] == AGAIN
    assert "has not confirmed" in text_of(eve.get(AGAIN))
    assert eve.get("/account/delete").status_code == 302
    provider.claims["auth_time"] = int(time.time())
    assert ask(eve)["Location"] == "/account/delete"


def test_somebody_elses_sign_in_does_not_count(eve: Client, provider: OidcProvider) -> None:
    provider.claims = {**EVE, "sub": "mallory-1", "email": "mallory@provider.test"}
    assert ask(eve)["Location"] == AGAIN
    enter(browser_of(None))  # nor if they have an account
    assert ask(eve)["Location"] == AGAIN
    assert eve.get("/account/delete").status_code == 302


def test_a_sign_in_that_was_not_asked_for_does_not_count(eve: Client) -> None:
    enter(eve, "/account/oidc/oidc/login/?process=redirect&next=/account/delete")
    assert eve.get("/account/delete").status_code == 302


def test_it_is_no_way_around_a_second_factor(eve: Client) -> None:
    """Nor around a password."""
    user = with_factor(User.objects.get())
    stolen = browser_of(user)
    assert stolen.post(AGAIN)["Location"] == reverse("account_reauthenticate")
    assert stolen.get("/account/delete")["Location"].startswith("/account/2fa/reauthenticate/")


def test_without_the_provider_a_password_is_chosen_first(user: User) -> None:
    user.set_unusable_password()
    user.save()
    SocialAccount.objects.create(user=user, provider="oidc", uid="eve-1")
    browser = browser_of(user)
    assert browser.get("/account/delete")["Location"].startswith(AGAIN)
    assert "choose a password first" in text_of(browser.post(AGAIN))
