"""Writes refused calls, refused input, and what staff change, to the security log."""

import json
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Any

from django.conf import settings
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS

from core.floods import Floods
from core.security_log import account_of, record

# Of the refusals of one account and address, in one process; the log of a flood must not become a flood itself.
LINES_MAX, LINES_WINDOW_S = 60, 60.0
BODY_MAX_BYTES = 4096  # of an error; no longer body is looked into
_floods = Floods()
_lock = Lock()


class SecurityLogMiddleware:
    """Logs calls refused with 401 (if they showed credentials), 403 and 429, refused input, and what staff change."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Reads that succeed, which are most calls, end at this comparison.
        if response.status_code < 400 and request.method in SAFE_METHODS:
            return response
        if _is_refusal(request, response.status_code):
            if _has_room(request):
                record("call", "refused", request=request, status=response.status_code, code=_code(response))
            return response
        if (fields := _refused_fields(response)) and _has_room(request):
            record("input", "refused", request=request, status=response.status_code, fields=fields)
        if request.method not in SAFE_METHODS and getattr(getattr(request, "user", None), "is_staff", False):
            outcome = "ok" if response.status_code < 400 else "failed"
            record("staff_call", outcome, request=request, status=response.status_code, code=_code(response))
        return response


def _is_refusal(request: HttpRequest, status: int) -> bool:
    if status == HTTPStatus.UNAUTHORIZED:
        return "HTTP_AUTHORIZATION" in request.META or settings.SESSION_COOKIE_NAME in request.COOKIES
    return status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)


def _has_room(request: HttpRequest) -> bool:
    """Count a refusal of this account and address. Returns False if the log has enough of them, and says so once."""
    who = (account_of(request), request.META.get("REMOTE_ADDR", ""))
    with _lock:
        too_many = _floods.hit(who, LINES_MAX, LINES_WINDOW_S) is not None
        told = too_many and _floods.hit((*who, "left out"), 1, LINES_WINDOW_S) is not None
    if too_many and not told:
        record("refusals_left_out", "refused", request=request)
    return not too_many


def _refused_fields(response: HttpResponse) -> list[str]:
    """Return what was refused of a call's input, as `field:code`; a page shows its form again instead of a 400."""
    if response.status_code == HTTPStatus.BAD_REQUEST:
        return [f"{error.get('attr') or ''}:{error['code']}" for error in _errors(response)] or [":bad_request"]
    shown = getattr(response, "context_data", None) or {}
    form = shown.get("form") or getattr(shown.get("adminform"), "form", None)
    if response.status_code != HTTPStatus.OK or not isinstance(form, BaseForm) or not form.is_bound:
        return []
    return [f"{name}:{error.code or ''}" for name, errors in form.errors.as_data().items() for error in errors]


def _code(response: HttpResponse) -> str:
    """Return the code of an error's body; "" for another answer."""
    errors = _errors(response)
    return str(errors[0]["code"]) if errors else ""


def _errors(response: HttpResponse) -> list[dict[str, Any]]:
    """Return the errors of an answer's body; none for another answer."""
    body = getattr(response, "data", None)
    if body is None and response.get("Content-Type", "").startswith("application/json"):
        content = b"" if response.streaming else response.content
        body = json.loads(content) if 0 < len(content) <= BODY_MAX_BYTES else None
    errors = body.get("errors") if isinstance(body, dict) and response.status_code >= 400 else None
    return errors or []


def forget_refusals() -> None:
    """Forget what this process has counted, as a new process does."""
    with _lock:
        _floods.clear()
