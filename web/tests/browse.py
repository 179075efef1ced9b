"""What the tests of the pages share: a browser without scripts."""

import json
import re
from html import unescape
from typing import Any

from django.test import Client

from accounts.models import User
from tests.cast import PASSWORD

SIGN_IN = "/account/login/"


def browser_of(user: User | None) -> Client:
    """A browser in which this account is signed in; None for a visitor."""
    client = Client(headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    if user is not None:
        client.force_login(user, "accounts.backends.PasswordBackend")
    return client


def by_password(user: User) -> Client:
    """A browser in which this account has signed in by the form, and given its password again for sensitive pages."""
    client = browser_of(None)
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def text_of(response: Any) -> str:
    """The page's readable text, white space evened out."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def data_of(response: Any) -> Any:
    """What the page hands its script."""
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', response.content.decode(), re.S)
    assert found, "no page data"
    return json.loads(found[1])
