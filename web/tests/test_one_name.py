"""In development a browser has one name for the site, by which mails and passkeys know it, too."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from web.one_name import OneNameMiddleware

PAGE = "text/html,*/*;q=0.8"


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the page")


def opened(host: str, *, accept: str = PAGE, method: str = "get") -> HttpResponse:
    request = getattr(RequestFactory(), method)("/history?page=2", headers={"Host": host, "Accept": accept})
    return OneNameMiddleware(answer)(request)


@pytest.fixture(autouse=True)
def _development(settings: object) -> None:
    settings.SITE_URL = "http://localhost:8000"  # type: ignore[attr-defined]
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "[::1]:8123"])
def test_a_page_by_address_is_led_to_the_name(host: str) -> None:
    found = opened(host)
    assert (found.status_code, found["Location"]) == (302, "http://localhost:8123/history?page=2")


def test_the_name_programs_and_forms_are_answered(settings: object) -> None:
    assert opened("localhost:8123").status_code == 200
    assert opened("127.0.0.1:8123", accept="application/json").status_code == 200
    assert opened("127.0.0.1:8123", method="post").status_code == 200
    settings.SITE_URL = "http://127.0.0.1:8123"  # type: ignore[attr-defined]
    assert opened("127.0.0.1:8123").status_code == 200
