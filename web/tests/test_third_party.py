"""Sign-in with an OpenID Connect provider, against one on loopback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import clear_url_caches, include, path
from pytest_django import Settings

from accounts.models import User
from accounts.urls import third_party
from speedycheers import urls
from speedycheers.settings import base as settings_package
from speedycheers.settings.third_parties import oidc_providers
from tests.cast import fresh
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider
from web.tests.browse import SIGN_IN, browser_of, by_password, text_of

START = "/account/oidc/oidc/login/?process=login"
CONNECT = "/account/oidc/oidc/login/?process=connect"
EVE = {"sub": "eve-1", "email": "Eve@provider.test", "email_verified": True, "name": "Eve"}
FORGED: list[tuple[Any, str]] = [
    (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
    (None, "none"),
    ("a secret that is long enough for HS256", "HS256"),
]


@pytest.fixture
def provider(settings: Settings) -> Iterator[OidcProvider]:
    """A provider that is configured, as by the environment."""
    with OidcProvider() as running:
        settings.SOCIALACCOUNT_PROVIDERS = oidc_providers(running.url, CLIENT_ID, CLIENT_SECRET, "Example")
        # Registered by hand: another list of INSTALLED_APPS would build the admin anew, for all tests that follow.
        registry.load()
        registry.register(OpenIDConnectProvider)
        with_it = ModuleType("urls_with_a_provider")
        with_it.urlpatterns = [path("account/", include(third_party)), *urls.urlpatterns]  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = with_it
        running.claims = dict(EVE)
        yield running
        del registry.provider_map[OpenIDConnectProvider.id]
        clear_url_caches()


def enter(browser: Client, start: str = START) -> Any:
    """Press the button, and go to the provider and back, as a browser does."""
    there = browser.post(start)["Location"]
    back = requests.get(there, allow_redirects=False, timeout=5).headers["Location"]
    return browser.get(back.partition("testserver")[2])


def signed_in_as(browser: Client) -> str | None:
    found = browser.session.get("_auth_user_id")
    return User.objects.get(pk=found).email if found else None


def test_without_settings_there_is_nothing_of_it(nyc: object) -> None:
    browser = browser_of(None)
    for where in (START, "/account/3rdparty/", "/account/3rdparty/signup/", "/account/oidc/oidc/login/callback/"):
        assert browser.post(where).status_code == 404
    assert "Continue with" not in text_of(browser.get(SIGN_IN))


def test_a_new_person_gets_an_account(nyc: object, provider: OidcProvider) -> None:
    browser = browser_of(None)
    for page in (SIGN_IN, "/account/signup/"):
        assert "Continue with Example" in text_of(browser.get(page))
    assert enter(browser).status_code == 302
    user = User.objects.get()
    assert (user.email, user.name, user.role, user.is_staff) == ("eve@provider.test", "Eve", "user", False)
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified
    assert signed_in_as(browser) == user.email
    again = browser_of(None)
    enter(again)
    assert signed_in_as(again) == user.email
    assert User.objects.count() == 1


@pytest.mark.parametrize("verified", [False, "true", None])
def test_an_unverified_address_is_turned_away(nyc: object, provider: OidcProvider, verified: object) -> None:
    provider.claims["email_verified"] = verified
    browser = browser_of(None)
    assert enter(browser)["Location"] == SIGN_IN
    assert "has not verified" in text_of(browser.get(SIGN_IN))
    assert not User.objects.exists()
    assert signed_in_as(browser) is None


def test_an_account_that_exists_is_not_opened(user: User, provider: OidcProvider) -> None:
    provider.claims["email"] = user.email
    browser = browser_of(None)
    assert enter(browser)["Location"] == SIGN_IN
    assert "There is an account with this e-mail address" in text_of(browser.get(SIGN_IN))
    assert signed_in_as(browser) is None
    assert not SocialAccount.objects.exists()


def test_its_owner_connects_it(user: User, provider: OidcProvider) -> None:
    provider.claims["email"] = user.email
    owner = by_password(user)
    assert enter(owner, CONNECT).status_code == 302
    assert SocialAccount.objects.get().user == user
    browser = browser_of(None)
    enter(browser)
    assert signed_in_as(browser) == user.email


def test_a_session_alone_connects_nothing(user: User, provider: OidcProvider) -> None:
    """A stolen session can't be connected with the thief's own account at the provider."""
    answer = enter(browser_of(user), CONNECT)
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert not SocialAccount.objects.exists()


def test_the_owner_finds_it_on_their_pages(user: User, provider: OidcProvider) -> None:
    page = by_password(user).get("/account/3rdparty/")
    assert 'class="sections"' in page.content.decode()
    assert "Example" in text_of(page)
    assert "Connected accounts" in text_of(page)


def settings_with(**env: str) -> "subprocess.CompletedProcess[str]":
    """Load the settings in a process of their own."""
    shown = "from django.conf import settings as s; print(s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    return subprocess.run(
        [sys.executable, "-c", shown],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "speedycheers.settings", "DEBUG": "1", **env},
        cwd=settings_package.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


OIDC_ENV = {"OIDC_SERVER_URL": "https://id.test/realm", "OIDC_CLIENT_ID": "c", "OIDC_CLIENT_SECRET": "s"}


def test_the_browser_may_follow_the_button_to_the_provider_alone() -> None:
    assert settings_with().stdout.strip() == "[\"'self'\"]"
    assert settings_with(**OIDC_ENV).stdout.strip() == "[\"'self'\", 'https://id.test']"


@pytest.mark.parametrize("wrong", [{"OIDC_CLIENT_SECRET": ""}, {"OIDC_SERVER_URL": "http://id.test", "DEBUG": "0"}])
def test_half_a_configuration_does_not_start(wrong: dict[str, str]) -> None:
    production = {"SECRET_KEY": "k" * 60 + "0123456789abc", "ALLOWED_HOSTS": "cheers.test", "EMAIL_URL": "none"}
    loaded = settings_with(**production, **{**OIDC_ENV, **wrong})
    assert loaded.returncode != 0
    assert "ImproperlyConfigured: " in loaded.stderr
    assert "OIDC_" in loaded.stderr.splitlines()[-1]


def test_a_second_factor_is_still_asked_for(nyc: object, provider: OidcProvider) -> None:
    enter(browser_of(None))
    TOTP.activate(User.objects.get(), generate_totp_secret())
    browser = browser_of(None)
    assert enter(browser)["Location"].startswith("/account/2fa/authenticate/")
    assert signed_in_as(browser) is None


def test_a_deactivated_account_stays_shut(nyc: object, provider: OidcProvider) -> None:
    enter(browser_of(None))
    User.objects.update(is_active=False)
    browser = browser_of(None)
    enter(browser)
    assert signed_in_as(browser) is None


def test_a_callback_that_nobody_asked_for_is_refused(nyc: object, provider: OidcProvider) -> None:
    """The answer to another browser's button, as in a login CSRF."""
    there = browser_of(None).post(START)["Location"]
    back = requests.get(there, allow_redirects=False, timeout=5).headers["Location"].partition("testserver")[2]
    victim = browser_of(None)
    victim.get(back)
    assert signed_in_as(victim) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("change", [{"iss": "https://other.test"}, {"exp": 1}])
def test_a_token_of_somebody_elses_or_of_long_ago_is_refused(
    nyc: object, provider: OidcProvider, change: dict[str, object]
) -> None:
    provider.claims |= change
    browser = browser_of(None)
    enter(browser)
    assert signed_in_as(browser) is None
    assert not User.objects.exists()


@pytest.mark.parametrize("signature", FORGED, ids=["another key", "none", "shared secret"])
def test_a_token_with_a_forged_signature_is_refused(
    nyc: object, provider: OidcProvider, signature: tuple[Any, str]
) -> None:
    provider.signature = signature
    browser = browser_of(None)
    enter(browser)
    assert signed_in_as(browser) is None
    assert not User.objects.exists()


def test_metadata_of_another_issuer_are_refused(nyc: object, provider: OidcProvider) -> None:
    provider.issuer = "https://evil.example"
    provider.claims["iss"] = provider.issuer
    browser = browser_of(None)
    enter(browser)
    assert signed_in_as(browser) is None


def test_a_token_for_another_client_is_refused(nyc: object, provider: OidcProvider) -> None:
    provider.audience = "another client"
    browser = browser_of(None)
    enter(browser)
    assert signed_in_as(browser) is None


def test_a_name_is_no_more_than_a_name(nyc: object, provider: OidcProvider) -> None:
    provider.claims["name"] = "Eve\r\n\r\nhttps://evil.test " + "x" * 200
    enter(browser_of(None))
    name = fresh(User.objects.get()).name
    assert len(name) <= 80
    assert name.isprintable()
