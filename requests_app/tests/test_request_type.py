"""`GET /requestType`."""

from rest_framework.test import APIClient

from requests_app.models import RequestType
from tests.cast import assert_refused


def test_what_may_be_asked_for_in_order(anonymous: APIClient) -> None:
    RequestType.objects.filter(slug="birthday").update(active=False)
    RequestType.objects.filter(slug="serenade").update(position=0)
    response = anonymous.get("/requestType")
    assert response.status_code == 200
    assert [kind["slug"] for kind in response.json()] == ["classic", "serenade", "pep_talk", "celebration", "game_day"]
    assert response.json()[0] == {
        "slug": "classic",
        "name": "A good cheer",
        "description": "Someone shows up and cheers you on. Simple, and it works.",
        "icon": "🎉",
    }


def test_a_stale_token_does_not_matter(anonymous: APIClient) -> None:
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert anonymous.get("/requestType").status_code == 200


def test_it_is_read_only(staff_api: APIClient) -> None:
    assert_refused(staff_api.post("/requestType", {"slug": "hug"}), 405, "method_not_allowed")
