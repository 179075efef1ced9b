"""Gives every error one shape: `{"type", "errors": [{"code", "detail", "attr"}]}`."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.utils.translation import gettext
from drf_standardized_errors.handler import ExceptionHandler as StandardExceptionHandler
from drf_standardized_errors.handler import exception_handler as standard_exception_handler
from rest_framework.exceptions import APIException, ParseError

from core.database import trouble_of
from core.errors import ServiceError

exception_handler = standard_exception_handler


class ServiceFailure(APIException):
    """A `ServiceError` as a REST framework exception."""

    def __init__(self, error: ServiceError) -> None:
        self.status_code = error.status
        self.error = error
        self.wait = getattr(error, "wait_s", None)
        super().__init__(detail=error.detail, code=error.code)


class ExceptionHandler(StandardExceptionHandler):
    """Converts service and database errors, in addition to the errors that the library knows."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, ServiceError):
            return ServiceFailure(exc)
        if (trouble := trouble_of(exc)) is not None:
            return ServiceFailure(trouble)
        # Django raises these for a request that can't be read, for example one with too many query parameters.
        if isinstance(exc, BadRequest | SuspiciousOperation):
            return ParseError(gettext("The request can't be understood."))
        return super().convert_known_exceptions(exc)

    def format_exception(self, exc: APIException) -> dict[str, Any]:
        if isinstance(exc, ServiceFailure):
            return service_error_body(exc.error)
        body: dict[str, Any] = super().format_exception(exc)
        for error in body["errors"]:  # REST framework has translated its own, but not those of our serializers
            if said := error["detail"]:
                error["detail"] = gettext(said)
        return body


def service_error_body(error: ServiceError) -> dict[str, Any]:
    """Return the error body for an error raised by a service."""
    type = "server_error" if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "client_error"
    return error_body(error.code, error.detail, error.attr, type=type)


def error_body(code: str, detail: str, attr: str | None = None, type: str = "client_error") -> dict[str, Any]:
    """Return an error body with one error in it."""
    return {"type": type, "errors": [{"code": code, "detail": detail, "attr": attr}]}
