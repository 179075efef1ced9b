"""Signing up, in and out, and a forgotten password."""

import re

import pytest
from django.core import mail

from accounts.models import User
from tests.cast import PASSWORD
from web.tests.browse import SIGN_IN, browser_of, text_of


def test_sign_up(nyc: object) -> None:
    client = browser_of(None)
    form = {"name": "Edsger", "email": "edsger@cast.test", "password1": PASSWORD}
    assert client.post("/account/signup/", form)["Location"] == "/"
    made = User.objects.get(email="edsger@cast.test")
    assert made.name == "Edsger"
    assert "Where should we cheer?" in text_of(client.get("/"))


def test_sign_up_comes_back_to_the_page_that_wanted_it(nyc: object) -> None:
    page = browser_of(None).get("/account/signup/?next=/become-a-partner")
    assert 'name="next" value="/become-a-partner"' in page.content.decode()


def test_a_weak_password_is_refused_at_its_field(nyc: object) -> None:
    form = {"email": "edsger@cast.test", "password1": "short"}
    answer = browser_of(None).post("/account/signup/", form)
    assert answer.status_code == 200
    assert "too short" in text_of(answer)
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not User.objects.filter(email="edsger@cast.test").exists()


def test_sign_in_and_out(user: User) -> None:
    client = browser_of(None)
    answer = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD}, follow=True)
    assert "Where should we cheer?" in text_of(answer)
    assert "signed in as" not in text_of(answer)  # the page shows it; a message would be noise
    assert "Leaving already?" in text_of(client.get("/account/logout/"))
    assert client.post("/account/logout/")["Location"] == "/"
    assert "Request a cheer" in text_of(client.get("/"))


def test_wrong_credentials_are_told_without_saying_which(user: User) -> None:
    known, unknown = (
        browser_of(None).post(SIGN_IN, {"login": email, "password": "nope"}).content.decode()
        for email in (user.email, "nobody@cast.test")
    )
    assert "not correct" in known
    assert [line for line in known.splitlines() if "not correct" in line] == [
        line for line in unknown.splitlines() if "not correct" in line
    ]


@pytest.mark.parametrize("known", [True, False])
def test_a_forgotten_password_says_the_same_to_everybody(user: User, known: bool) -> None:
    email = user.email if known else "nobody@cast.test"
    answer = browser_of(None).post("/account/password/reset/", {"email": email}, follow=True)
    assert "Check your email" in text_of(answer)


def test_a_forgotten_password_is_replaced(user: User) -> None:
    client = browser_of(None)
    client.post("/account/password/reset/", {"email": user.email})
    link = re.search(r"http://testserver(/account/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link
    form = client.get(link[1], follow=True)
    assert "Choose a new password" in text_of(form)
    answer = client.post(
        form.redirect_chain[-1][0], {"password1": "a-new-one-17!", "password2": "a-new-one-17!"}, follow=True
    )
    assert "your new password is set" in text_of(answer)
    user.refresh_from_db()
    assert user.check_password("a-new-one-17!")
    assert "This link no longer works" in text_of(browser_of(None).get(link[1], follow=True))


@pytest.mark.parametrize("path", ["/account/email/", "/account/password/change/", "/account/2fa/", "/account/logout/"])
def test_the_account_pages_wear_our_clothes(user: User, path: str) -> None:
    page = browser_of(user).get(path).content.decode()
    assert 'class="wordmark"' in page
    assert "Menu:" not in page


def test_fields_for_passwords_are_masked_and_known_to_password_managers(nyc: object) -> None:
    for path, use in (("/account/login/", "current-password"), ("/account/signup/", "new-password")):
        page = browser_of(None).get(path).content.decode()
        fields = re.findall(r"<input[^>]*password[^>]*>", page)
        assert fields
        for field in fields:
            assert 'type="password"' in field
            assert f'autocomplete="{use}"' in field
