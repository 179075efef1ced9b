"""Calls the program as somebody, undoes what that does, and says in a word what came back."""

import json
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from core.valkey import client as valkey
from tests.access.people import Badge
from tests.fuzz.world import rolled_back

PAGE = "text/html,*/*;q=0.8"
WARNED = "Set up a second factor first"
FAR_AWAY = "203.0.113.7"  # the address of a caller who watches nothing
CLIENT = Client(raise_request_exception=False, REMOTE_ADDR=FAR_AWAY)  # one for all: a new one loads every middleware


def knock(
    badge: Badge | None,
    method: str,
    path: str,
    body: bytes | dict[str, Any] | None = None,
    *,
    by_token: bool = False,
    page: bool = True,
    headers: dict[str, str] | None = None,
) -> str:
    """Make one call by an app's token or a browser's session, and undo it. Bytes are sent as JSON, a dict as a form."""
    CLIENT.cookies = SimpleCookie()
    sent = {"Host": "localhost", **({"Accept": PAGE} if page else {}), **(headers or {})}
    if badge is not None and by_token:
        sent["Authorization"] = f"Bearer {badge.token}"
    elif badge is not None:
        CLIENT.cookies[settings.SESSION_COOKIE_NAME] = badge.session
    if method != "GET":
        valkey().flushall()  # no limit is reached
    with rolled_back():
        if isinstance(body, dict) or body is None:
            response = getattr(CLIENT, method.lower())(path, body or {}, headers=sent)
        else:
            response = CLIENT.generic(method, path, body, "application/json", headers=sent)
        return word_of(method, response)


def word_of(method: str, response: Any) -> str:
    """The word of a table for an answer.

    `in`: it worked. `login`, `setup`, `again`: sent to sign in, to set up a second factor, to give the password again.
    `away`: a page that sends elsewhere. Otherwise the status, where 403 for want of a second factor is `setup`.
    """
    status: int = response.status_code
    if 200 <= status < 300:
        return "in"
    if 300 <= status < 400:
        target = urlsplit(response["Location"]).path
        if target in (reverse("account_login"), reverse("admin:login")):
            return "login"
        if target == reverse("mfa_index") and any(WARNED in str(told) for told in get_messages(response.wsgi_request)):
            return "setup"
        if target == reverse("account_reauthenticate"):
            return "again"
        logged_out = response.wsgi_request.path == reverse("admin:logout")
        if target == reverse("admin:index") and not logged_out:  # the way from a row that is not there
            return "away"
        return "away" if method == "GET" else "in"
    if status == 403 and b"second_factor_missing" in response.content:
        codes = [error["code"] for error in json.loads(response.content)["errors"]]
        return "setup" if codes == ["second_factor_missing"] else "403"
    return str(status)
