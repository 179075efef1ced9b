"""Answers that concern one account stay out of every store, and the browser forgets at signing out."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from accounts.models import User
from tests.cast import PASSWORD, make_user
from web.tests.browse import browser_of

# Content that is the same for everybody, which its view lets browsers store.
PUBLIC = {"schema", "docs", "manifest.webmanifest", "sw.js", "offline", "robots.txt", "sitemap.xml", "favicon.ico"}


def addresses() -> list[str]:
    """Every address without a variable part."""

    def below(resolver: URLResolver, prefix: str) -> list[str]:
        found = []
        for pattern in resolver.url_patterns:
            path = prefix + str(pattern.pattern).strip("^$").replace("\\Z", "")
            if isinstance(pattern, URLPattern):
                found.append(path)
            else:
                found += below(pattern, path)
        return found

    return sorted({path for path in below(get_resolver(), "") if not set("<(?[\\") & set(path)} - PUBLIC)


@pytest.mark.parametrize("path", [path for path in addresses() if not path.startswith("admin/")])
def test_nothing_of_an_account_is_stored(user: User, path: str) -> None:
    answer = browser_of(user).get(f"/{path}")
    assert "no-store" in answer["Cache-Control"], answer.status_code
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


def test_nor_an_apps_answer_nor_a_token(user: User, user_api: APIClient, anonymous: APIClient) -> None:
    assert user_api.get("/me")["Cache-Control"] == "no-store"
    answer = anonymous.post("/login", {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


def test_public_content_may_be_stored(user: User) -> None:
    assert "no-store" not in browser_of(user).get("/manifest.webmanifest")["Cache-Control"]


@pytest.mark.parametrize("path", ["/logout", "/account/logout/"])
def test_the_browser_forgets_at_signing_out(db: None, path: str) -> None:
    browser = Client()
    browser.force_login(make_user("Ada"))
    assert "Clear-Site-Data" not in browser.get("/me")
    answer = browser.post(
        path, content_type="application/json" if path == "/logout" else "multipart/form-data; boundary=x"
    )
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.get("/me").status_code == 401
