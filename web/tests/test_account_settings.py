"""Profile, notifications, and the devices on which an account is signed in."""

import pytest
from knox.models import AuthToken

from accounts.models import Partner, User
from accounts.selectors import notification_settings_of
from tests.cast import PASSWORD, fresh, token_of
from web.tests.browse import SIGN_IN, browser_of, by_password, text_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGES = [
    "/account", "/account/profile", "/account/notifications", "/account/devices", "/account/data", "/account/email/",
    "/account/password/change/",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages(user: User, staff: User, partner: Partner, path: str) -> None:
    for somebody in (user, staff, partner.user):
        page = browser_of(somebody).get(path)
        assert page.status_code == 200
        assert 'class="sections"' in page.content.decode()
    assert browser_of(None).get(path)["Location"].startswith(SIGN_IN)


def test_the_name_changes(user: User) -> None:
    answer = browser_of(user).post("/account/profile", {"name": "Countess", "language": ""}, follow=True)
    assert "Saved." in text_of(answer)
    assert fresh(user).name == "Countess"
    answer = browser_of(user).post("/account/profile", {"name": "x" * 81, "language": "xx"})
    assert answer.status_code == 200
    assert fresh(user).name == "Countess"


def test_notifications_are_as_chosen(user: User, partner: Partner) -> None:
    assert notification_settings_of(user).email_receipts
    client = browser_of(user)
    client.post("/account/notifications", {})
    assert not notification_settings_of(fresh(user)).email_receipts
    client.post("/account/notifications", {"email_receipts": "on"})
    assert notification_settings_of(fresh(user)).email_receipts
    assert notification_settings_of(partner.user).email_receipts


def test_devices_are_listed_and_signed_out(user: User) -> None:
    here, there = browser_of(None), browser_of(None)
    for client in (here, there):
        client.post(SIGN_IN, {"login": user.email, "password": PASSWORD}, headers={"User-Agent": FIREFOX})
    token_of(user)
    text = text_of(here.get("/account/devices"))
    assert text.count("Firefox on Linux") == 2
    assert "This one" in text
    token = AuthToken.objects.get(user=user)
    here.post("/account/reauthenticate/", {"password": PASSWORD})
    assert here.post("/account/devices", {"kind": "app", "key": token.token_key})["Location"] == "/account/devices"
    assert not AuthToken.objects.filter(user=user).exists()
    here.post("/account/devices", {"others": ""})
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


def test_nobody_signs_others_out(user: User, outsider: User) -> None:
    token_of(user)
    token = AuthToken.objects.get(user=user)
    browser = by_password(outsider)
    browser.post("/account/devices", {"kind": "app", "key": token.token_key})
    browser.post("/account/devices", {"kind": "browser", "key": "not a number"})
    assert AuthToken.objects.filter(user=user).exists()
