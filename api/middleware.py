"""Gives programs the API's error shape, wherever in Django an error arises."""

import sys
from collections.abc import Callable
from math import ceil
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.middleware.common import CommonMiddleware
from django.shortcuts import render
from django.views import defaults

from api.errors import error_body, service_error_body
from core.database import trouble_of
from core.errors import ServiceError

Next = Callable[[HttpRequest], HttpResponse]

TLS_REQUIRED = "Call this by https: others can read what you send."
SENTENCES = {
    400: ("bad_request", "The request can't be understood."),
    403: ("permission_denied", "You may not do this."),
    404: ("not_found", "Not found."),
    405: ("method_not_allowed", "This method is not allowed here."),
    413: ("too_large", "The body is too large."),
    429: ("throttled", "Too many calls. Try again later."),
}


class PlainHttpMiddleware:
    """Refuses programs that call without TLS where pages are redirected to it.

    Following a redirection, a program would go on sending its secrets over a connection that others can read.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 301 or not settings.SECURE_SSL_REDIRECT or request.is_secure():
            return response
        has_secrets = request.method not in ("GET", "HEAD") or "HTTP_AUTHORIZATION" in request.META
        if wants_page(request) or not has_secrets:
            return response
        refused = JsonResponse(error_body("tls_required", TLS_REQUIRED), status=403)
        for header in ("X-Content-Type-Options", "Referrer-Policy"):
            refused[header] = response[header]
        refused["Cache-Control"] = "no-store"
        return refused


class HostMiddleware(CommonMiddleware):
    """Refuses calls by a host that is not ours, except for probes: they call by address, and are told the same."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if request.path_info in settings.PROBES:
            return None
        return super().process_request(request)


class OneErrorShapeMiddleware:
    """Replaces Django's error pages with the API's error shape unless the client asked for HTML."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _has_nul(request):
            return JsonResponse(error_body(*SENTENCES[400]), status=400)
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if response.status_code < 400 or not is_page or wants_page(request):
            return response
        type = "server_error" if response.status_code >= 500 else "client_error"
        code, detail = SENTENCES.get(response.status_code, ("error", response.reason_phrase))
        shaped = JsonResponse(error_body(code, detail, type=type), status=response.status_code)
        for header in ("Allow", "Retry-After"):
            if response.has_header(header):
                shaped[header] = response[header]
        return shaped

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer "not now" with its sentence and `Retry-After`, as a page or as JSON."""
        return not_now(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an exception that no view raised, but a middleware: `handler500`."""
    exception = sys.exc_info()[1]
    answer = not_now(request, exception) if isinstance(exception, Exception) else None
    return answer or defaults.server_error(request)


def not_now(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Return the answer to a failure that passes, such as a database that is away; None for others."""
    trouble = exception if isinstance(exception, ServiceError) else trouble_of(exception)
    wait_s = getattr(trouble, "wait_s", None)
    if trouble is None or wait_s is None:
        return None
    if wants_page(request):
        context = {"detail": trouble.detail, "status": trouble.status}
        response: HttpResponse = render(request, "503.html", context, status=trouble.status)
    else:
        response = JsonResponse(service_error_body(trouble), status=trouble.status)
    response["Retry-After"] = f"{ceil(wait_s)}"
    return response


def wants_page(request: HttpRequest) -> bool:
    """Whether the client asked for HTML."""
    try:
        return "text/html" in request.headers.get("Accept", "") and request.accepts("text/html")
    except ValueError:  # a header that can't be parsed
        return False


def _has_nul(request: HttpRequest) -> bool:
    """Return whether a URL or cookie contains a NUL: no value of ours does, and PostgreSQL fails on one."""
    query = request.META.get("QUERY_STRING", "")
    return any("\0" in text for text in (request.path_info, unquote(query), *request.COOKIES.values()))
