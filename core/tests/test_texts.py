"""Names and notes: nothing hidden, nothing that reorders, and one form for what looks the same."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from accounts.forms import ProfileForm
from accounts.mails import compose
from accounts.models import User
from core.texts import check_line, check_note, composed
from regions.models import Region
from tests.cast import unchanged

HIDDEN = ["a\tb", "a\rb", "a\0b", "a\x1b[0m", "a\x7f", "a\x85b", "a\u2028b", "a\u2029b", "a\u202eb", "a\u2066b"]
UNSEEN = ["\u200b", "\u200d\ufeff", "\u2060", "\u3164", "\u2800 \u115f", "\u0301", "\ufe0f"]


@pytest.mark.parametrize("text", [*HIDDEN, *UNSEEN, "a\nb"])
def test_what_is_no_line(text: str) -> None:
    with pytest.raises(ValidationError):
        check_line(text)


@pytest.mark.parametrize("text", [*HIDDEN, *UNSEEN])
def test_what_is_no_note(text: str) -> None:
    with pytest.raises(ValidationError):
        check_note(text)


@pytest.mark.parametrize("text", ["", "Zoë", "O’Neil-Müller", "李小龍", "محمد", "👩‍👩‍👧", "x\u200fy"])
def test_what_people_are_called(text: str) -> None:
    check_line(text)
    check_note(f"{text}\n{text}")


def test_what_looks_the_same_is_the_same() -> None:
    assert composed("Zoe\u0308\r\n") == "Zo\u00eb\n"


APPLICATION = {"type": "cheerleader", "phone": "+1 212 555 0100"}


@pytest.mark.parametrize("name", ["you,\n\nhttps://evil.example/prize?x=1\n\nor not", "a\u202eb", "\x1b[31m", "\u200b"])
def test_no_door_takes_a_hidden_name(user_api: APIClient, anonymous: APIClient, user: User, name: str) -> None:
    account = {"email": "new@example.com", "password": "a long unusual phrase 9"}
    with unchanged():
        for api, path, body in ((user_api, "/partner/apply", APPLICATION), (anonymous, "/signup", account)):
            answer = api.post(path, {**body, "name": name})
            assert answer.status_code == 400
            assert [error["attr"] for error in answer.json()["errors"]] == ["name"]
    assert "name" in ProfileForm({"name": name, "language": ""}, instance=user).errors
    page = Client().post("/account/signup/", {**account, "name": name, "password1": account["password"]})
    assert "name" in page.context["form"].errors
    with pytest.raises(ValidationError):
        Region(name=name).clean_fields(exclude=[field.name for field in Region._meta.fields if field.name != "name"])


def test_a_form_keeps_the_composed_form(user: User) -> None:
    form = ProfileForm({"name": "Zoe\u0308", "language": ""}, instance=user)
    assert form.save().name == "Zo\u00eb"


def test_only_our_own_addresses_become_buttons(settings: Any) -> None:
    ours = f"{settings.SITE_URL}/partner"
    mail = compose("s", f"Hello you,\n\nhttps://evil.example/prize\n\n{ours}\n\nhttp://testserver/x", to=["a@b.test"])
    page = str(mail.alternatives[0].content)
    assert [link.split('"')[0] for link in page.split('href="')[1:]] == [ours, "http://testserver/x"]
