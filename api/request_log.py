"""A line for every HTTP call and for each socket that opens or closes, and the ids that join lines."""

import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.log_context import WELL_FORMED, bound
from core.metrics import CALLS
from core.tracing import ERROR, Told, span

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
SOCKETS = {"/partner/notification", "/user/notification", "/staff/notification"}


class RequestLogMiddleware:
    """Gives each call an id, which its lines, its answer and the tasks that it causes carry, and logs its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        with bound(request=request_id(request.META.get("HTTP_X_REQUEST_ID", ""))) as ids:
            with span("call") as told:
                response = self.get_response(request)
                _trace(request, response.status_code, told)
                # Probes are asked every second, and are of interest only if they fail.
                if request.path_info not in settings.PROBES or response.status_code >= 400:
                    _record(request, response.status_code, begun)
            response[HEADER] = ids["request"]
        return response


def _trace(request: HttpRequest, status: int, told: Told) -> None:
    method, route = _method_and_route(request)
    told.name = f"{method} {route}".strip()
    told.attributes = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    if status >= 500:
        told.attributes[ERROR] = str(status)


def _method_and_route(request: HttpRequest) -> tuple[str, str]:
    """Return the method and the pattern of the address, which has no ids."""
    match = request.resolver_match
    return (str(request.method) if request.method in METHODS else "other"), (match.route if match is not None else "")


def _record(request: HttpRequest, status: int, begun: float) -> None:
    method, route = _method_and_route(request)
    CALLS.observe(time.perf_counter() - begun, method, f"{status // 100}xx")
    fields = {
        "event": "request",
        "method": method,
        "route": route,
        "status": status,
        "ms": milliseconds_since(begun),
    }
    log.info("request", extra={"fields": fields})


def request_id(sent: str) -> str:
    """Return the id that a trusted proxy has sent if it is well-formed, else a new one."""
    is_trusted = settings.REST_FRAMEWORK["NUM_PROXIES"] > 0 and WELL_FORMED.fullmatch(sent)
    return sent if is_trusted else uuid4().hex


def milliseconds_since(begun: float) -> float:
    """Return the time since `begun` (`time.perf_counter()`), to a tenth of a millisecond."""
    return round((time.perf_counter() - begun) * 1000, 1)


class SocketLog:
    """ASGI middleware: gives each socket an id, which its lines carry, and logs its opening and its close code."""

    def __init__(self, application: Any) -> None:
        self.app = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun = time.perf_counter()
        path = scope["path"]
        route = path.lstrip("/") if path in SOCKETS else ""
        headers = dict(scope["headers"])
        proxied = headers.get(b"x-request-id", b"").decode("latin-1")
        code: list[int] = []

        async def sending(message: Any) -> None:
            if message["type"] == "websocket.accept":
                log.info("socket_opened", extra={"fields": {"event": "socket_opened", "route": route}})
            elif message["type"] == "websocket.close":
                code.append(int(message.get("code") or 1000))
            await send(message)

        async def receiving() -> Any:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code.append(int(message.get("code") or 1005))
            return message

        with bound(connection=uuid4().hex, request=request_id(proxied)):
            try:
                await self.app(scope, receiving, sending)
            finally:
                closed = {"event": "socket_closed", "route": route, "code": code[0] if code else None}
                log.info("socket_closed", extra={"fields": {**closed, "ms": milliseconds_since(begun)}})
