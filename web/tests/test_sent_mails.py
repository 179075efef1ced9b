"""Development's page of the mails that were sent, which production does not have."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import get_connection

from accounts.mails import compose
from web.sent_mails import FILES
from web.tests.browse import browser_of, text_of

RESET = "Choose a new password:\nhttp://testserver/account/password/reset/key/1-x/"


def test_production_has_no_such_page(db: None) -> None:
    compose("Secret", RESET, to=["ada@cast.test"]).send()
    assert browser_of(None).get("/dev/mail").status_code == 404
    assert browser_of(None).get("/dev/mail/0").status_code == 404


@pytest.mark.parametrize("backend", [FILES, "django.core.mail.backends.locmem.EmailBackend"])
def test_mails_are_listed_and_shown(backend: str, db: None, settings: Any, tmp_path: Path) -> None:
    settings.DEBUG, settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = True, backend, str(tmp_path)
    together = [compose(subject, RESET, to=["ada@cast.test"]) for subject in ("The first", "Größer")]
    get_connection().send_messages(together)
    page = browser_of(None).get("/dev/mail")
    text = text_of(page)
    assert text.index("Größer ada@cast.test") < text.index("The first ada@cast.test")
    assert '<a href="http://testserver/account/password/reset/key/1-x/"' in page.content.decode()
    key = re.search(r'href="(/dev/mail/[^"]+)"', page.content.decode())
    assert key
    shown = browser_of(None).get(key[1])
    assert "<h1" in shown.content.decode()
    assert "script-src" not in shown["Content-Security-Policy"]
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert browser_of(None).get("/dev/mail/elsewhere").status_code == 404


def test_a_mail_server_has_them_instead(db: None, settings: Any) -> None:
    settings.DEBUG, settings.EMAIL_BACKEND = True, "django.core.mail.backends.smtp.EmailBackend"
    assert browser_of(None).get("/dev/mail").status_code == 404
    assert "/dev/mail" not in browser_of(None).get("/account/signup/").content.decode()
