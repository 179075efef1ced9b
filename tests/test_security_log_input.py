"""The security log tells of refused input: which fields and why, and nothing of what was sent."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from api.security_log import LINES_MAX
from core.security_log import pseudonym
from tests.test_security_log import ADDRESS, Lines, lines
from web.tests.browse import by_password

__all__ = ["lines"]  # a fixture
pytestmark = pytest.mark.django_db


def test_refused_input_leaves_a_line_without_a_value(user_api: APIClient, user: User, lines: Lines) -> None:
    body = {"location": {"lat": "nowhere", "lng": 1000}, "note": ["my flat"], "evil@field.test": 1}
    assert user_api.post("/cheerRequest", body, REMOTE_ADDR=ADDRESS).status_code == 400
    line = lines.one("input")
    assert sorted(line["fields"]) == ["location.lat:invalid", "location.lng:max_value", "note:invalid"]
    assert (line["outcome"], line["status"], line["route"]) == ("refused", 400, "cheerRequest")
    assert (line["account"], line["address"]) == (pseudonym(user.pk), pseudonym(ADDRESS))
    assert not [said for said in ("nowhere", "1000", "flat", "evil", ADDRESS) if said in "".join(lines.texts)]


def test_a_body_that_is_no_json_leaves_a_line(user_api: APIClient, lines: Lines) -> None:
    user_api.post("/cheerRequest", "{nowhere", content_type="application/json")
    assert lines.one("input")["fields"] == [":parse_error"]


def test_a_form_that_is_shown_again_leaves_a_line(user: User, lines: Lines) -> None:
    by_password(user).post("/account/email/", {"action_add": "", "email": "thief"})
    assert lines.one("input")["fields"] == ["email:invalid"]


def test_a_flood_of_refused_input_is_cut_short(user_api: APIClient, lines: Lines) -> None:
    for _ in range(LINES_MAX + 5):
        user_api.post("/cheerRequest", {})
    assert len(lines.of("input")) == LINES_MAX
    assert len(lines.of("refusals_left_out")) == 1
