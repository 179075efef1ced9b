"""The admin as a member of staff uses it: what the tests of every app's admin share."""

from html.parser import HTMLParser
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.messages import get_messages
from django.db import models
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from accounts.models import User


def desk_of(user: User, *, confirmed: bool = True) -> Client:
    """A browser in which this account is signed in, and has just been asked once more who it is."""
    client = Client()
    client.force_login(user, "accounts.backends.PasswordBackend")
    if confirmed:
        confirm(client, user)
    return client


def confirm(client: Client, user: User) -> None:
    """The person has answered the page that asks who it is."""
    request = HttpRequest()
    request.session, request.user = client.session, user
    record_authentication(request, user, "password", reauthenticated=True)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(request.session.session_key)  # it has a new one


def url_of(model: Any, page: str, *args: Any) -> str:
    """The address of a model's admin page: `changelist`, `add`, `change`, or a step."""
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def page_of(row: models.Model) -> str:
    """The address of a row's page."""
    return url_of(type(row), "change", row.pk)


def take(client: Client, row: models.Model, step: str, **data: str) -> Any:
    """Open a step's dialog on a row's page and confirm it; gives the page that follows."""
    address = url_of(type(row), step, row.pk)
    assert client.get(address).status_code == 200
    return client.post(address, {"_form_submitted": "on", **data}, follow=True)


def take_selected(client: Client, rows: list[Any], step: str, *, confirm: bool = True, **data: str) -> Any:
    """A list's action on rows of one model: its confirmation page, or with `confirm` what follows."""
    chosen = {"action": f"{step}_selected", "_selected_action": [str(row.pk) for row in rows], **data}
    if confirm:
        chosen["_form_submitted"] = "on"
    return client.post(url_of(type(rows[0]), "changelist"), chosen, follow=True)


def told(response: Any) -> list[tuple[str, str]]:
    """The messages of a page, each with its level."""
    return [(message.level_tag, message.message) for message in get_messages(response.wsgi_request)]


def refusals(response: Any) -> list[str]:
    """The error messages of a page."""
    assert response.status_code == 200
    return [text for level, text in told(response) if level == "error"]


class _Inputs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "input" and name and (given.get("type") not in ("checkbox", "submit") or "checked" in given):
            self.found[name] = given.get("value") or ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.found[self._select] = given.get("value") or ""


def inputs_of(page: Any) -> dict[str, str]:
    """What a browser would send of a page's forms, as they are."""
    parser = _Inputs()
    parser.feed(page.content.decode())
    return parser.found
