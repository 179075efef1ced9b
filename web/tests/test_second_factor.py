"""Two-step sign-in on the pages: an authenticator app, recovery codes, and a door for passkeys."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.authenticator_app import code_of
from tests.cast import PASSWORD
from web.tests.browse import SIGN_IN, browser_of, by_password, text_of


@pytest.fixture
def signed_in(user: User) -> Client:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return by_password(user)


CODES = "/account/2fa/recovery-codes/"


def turn_on(client: Client) -> str:
    """Turn the app's codes on; returns the secret."""
    page: Any = client.get("/account/2fa/totp/activate/")
    secret: str = page.context["form"].secret
    assert client.post("/account/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    return secret


def shown_codes(client: Client) -> list[str]:
    """The recovery codes, as their page shows them."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", client.get(CODES).content.decode(), re.S)
    return re.findall(r"\d{8}", found[1]) if found else []


def test_turned_on_it_is_asked_for(user: User, signed_in: Client) -> None:
    secret = turn_on(signed_in)
    assert "on" in text_of(signed_in.get("/account"))
    held = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    assert secret not in str(held.data)  # encrypted at rest
    assert "text/html" in [kind for _, kind in mail.outbox[-1].alternatives]  # they are told
    other = browser_of(None)
    answer = other.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    assert answer["Location"].startswith("/account/2fa/authenticate/")
    assert other.get("/account").status_code == 302
    codes = shown_codes(signed_in)
    assert other.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert other.post("/account/2fa/authenticate/", {"code": codes[0]})["Location"] == "/"
    assert other.get("/account").status_code == 200


def test_every_page_of_it_wears_our_clothes(user: User, signed_in: Client) -> None:
    turn_on(signed_in)
    for path in ("", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/", "webauthn/", "webauthn/add/"):
        page = signed_in.get(f"/account/2fa/{path}")
        assert page.status_code == 200, path
        assert 'class="sections"' in page.content.decode(), path
    assert "passkey" in text_of(browser_of(None).get(SIGN_IN))


def test_the_admins_own_sign_in_is_no_way_around(staff: User) -> None:
    client = browser_of(None)
    answer = client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert answer["Location"].startswith(SIGN_IN)
    assert client.get("/admin/").status_code == 302
