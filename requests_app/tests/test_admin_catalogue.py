"""Kinds of cheer in the admin."""

import pytest
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, url_of
from regions.models import Region
from requests_app.models import CheerRequest, RequestType
from tests.cast import (
    unchanged,
)


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


# ---------------------------------------------------------------- kinds of cheer


TYPE = {"slug": "opera", "name": "Opera", "icon": "🎭", "description": "", "position": "7", "active": "on"}


def test_a_new_kind_of_cheer(desk: Client, nyc: Region) -> None:
    response = desk.post(url_of(RequestType, "add"), {**TYPE, "partner_types": ["musician", "coach"]})
    assert response.status_code == 302
    assert RequestType.objects.get(slug="opera").partner_types == ["musician", "coach"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("partner_types", "clown"), ("slug", "not a slug"), ("slug", "pep_talk"), ("icon", "x" * 9), ("position", "-1")],
)
def test_a_kind_of_cheer_that_can_not_be(desk: Client, nyc: Region, field: str, value: str) -> None:
    with unchanged():
        page = desk.post(url_of(RequestType, "add"), {**TYPE, field: value})
        assert page.status_code == 200
        assert field in page.context["adminform"].form.errors


def test_a_slug_stays(desk: Client, nyc: Region) -> None:
    kind = RequestType.objects.get(slug="pep_talk")
    desk.post(page_of(kind), {**TYPE, "slug": "other", "name": "Pep"})
    assert RequestType.objects.get(slug="pep_talk").name == "Pep"
    assert not RequestType.objects.filter(slug="other").exists()


def test_what_was_asked_for_stays(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        desk.post(url_of(RequestType, "delete", pending.request_type_id), {"post": "yes"})
