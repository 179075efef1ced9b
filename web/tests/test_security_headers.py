"""What a browser is told not to do with our pages."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts.models import User
from web.content_security import ContentSecurityMiddleware, payment_page
from web.tests.browse import browser_of

PAGES = ["/", "/account/login/", "/docs", "/no-such-page", "/history"]


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";") if part.strip())}


@pytest.mark.parametrize("path", PAGES)
def test_nothing_inline_and_nothing_foreign(user: User, path: str) -> None:
    for client in (browser_of(None), browser_of(user)):
        policy = directives(client.get(path)["Content-Security-Policy"])
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
        assert policy["img-src"] == ["'self'", "data:"]
        assert policy["base-uri"] == policy["frame-ancestors"] == policy["object-src"] == ["'none'"]
        assert policy["form-action"] == ["'self'"]
        assert "unsafe" not in str(policy)


def test_the_admin_may_what_its_library_needs_and_no_inline_script(staff: User) -> None:
    policy = directives(browser_of(staff).get("/admin/")["Content-Security-Policy"])
    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]
    assert policy["style-src-attr"] == ["'unsafe-inline'"]
    assert "'unsafe-inline'" not in policy["style-src"] + policy["style-src-elem"]
    assert policy["default-src"] == ["'none'"]


def test_json_may_load_nothing(user_api: APIClient) -> None:
    policy = directives(user_api.get("/me")["Content-Security-Policy"])
    assert set(policy) == {"default-src", "object-src", "base-uri", "form-action", "frame-ancestors"}
    assert all(sources == ["'none'"] for sources in policy.values())


def test_no_other_site_reads_an_answer(user: User, user_api: APIClient) -> None:
    foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answers: list[Any] = [user_api.get("/me", headers=foreign), user_api.options("/me", headers=foreign)]
    answers += [browser_of(user).get("/", headers=foreign), browser_of(user).options("/history", headers=foreign)]
    assert [header for answer in answers for header in answer.headers if header.startswith("Access-Control")] == []


def test_only_a_page_that_takes_cards_loads_the_providers_script() -> None:
    @payment_page
    def pay(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    answer = ContentSecurityMiddleware(pay)(RequestFactory().get("/pay"))
    assert isinstance(answer, HttpResponse)
    policy = directives(answer["Content-Security-Policy"])
    assert "https://js.stripe.com" in policy["script-src"]
    assert "https://js.stripe.com" in policy["frame-src"]
    assert "https://api.stripe.com" in policy["connect-src"]
    assert policy["style-src"] == ["'self'"]


def test_the_other_headers(db: None) -> None:
    answer = browser_of(None).get("/")
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert "geolocation=(self)" in answer["Permissions-Policy"]
    assert "camera=()" in answer["Permissions-Policy"]
