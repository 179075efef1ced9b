"""Rate limits for pages: the same as those of the API, counted by the same windows."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from api.throttles import hit_all

Next = Callable[[HttpRequest], HttpResponse]


class PageThrottleMiddleware:
    """Answers 429 to a page's call beyond the limit of its account, or of its address if nobody is signed in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Count a call once its view is known. Views of the API count their own calls."""
        if issubclass(getattr(view, "cls", object), APIView) or request.path_info in settings.PROBES:
            return None
        wait_s = hit_all([_counted(request)])
        if wait_s is None:
            return None
        answer = render(request, "429.html", status=429)
        answer["Retry-After"] = str(max(1, round(wait_s)))
        return answer


def _counted(request: HttpRequest) -> tuple[str, str]:
    # Without the cookie the session is not looked at: a page for everybody would vary by cookie.
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return "account", str(request.user.pk)
    # The throttle reads nothing of a request but its headers.
    return "address", BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]
