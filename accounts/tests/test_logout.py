"""`POST /logout`."""

from rest_framework.test import APIClient

from accounts.models import User
from tests.cast import assert_refused, client_of, unchanged


def test_revokes_this_token_and_no_other(user: User, other_user: User) -> None:
    phone, laptop, stranger = client_of(user), client_of(user), client_of(other_user)
    with unchanged():
        response = phone.post("/logout")
    assert response.status_code == 204
    assert response.content == b""
    assert_refused(phone.get("/me"), 401, "authentication_failed")
    assert laptop.get("/me").status_code == 200
    assert stranger.get("/me").status_code == 200


def test_twice(user_api: APIClient) -> None:
    assert user_api.post("/logout").status_code == 204
    assert_refused(user_api.post("/logout"), 401, "authentication_failed")


def test_a_session_ends_and_no_other(user: User) -> None:
    pages, elsewhere, phone = APIClient(), APIClient(), client_of(user)
    for client in (pages, elsewhere):
        client.force_login(user)
    assert pages.post("/logout").status_code == 204
    assert_refused(pages.get("/me"), 401, "not_authenticated")
    assert elsewhere.get("/me").status_code == 200
    assert phone.get("/me").status_code == 200


def test_a_session_ends_only_with_csrf(user: User) -> None:
    pages = APIClient(enforce_csrf_checks=True)
    pages.force_login(user)
    assert_refused(pages.post("/logout"), 403, "permission_denied")
    assert pages.get("/me").status_code == 200


def test_without_a_token(anonymous: APIClient) -> None:
    assert_refused(anonymous.post("/logout"), 401, "not_authenticated")
