"""Renders REST framework's exceptions as error frames."""

from typing import Any

from drf_standardized_errors.formatter import ExceptionFormatter
from rest_framework.exceptions import APIException


def error_frame(error: APIException) -> dict[str, Any]:
    """Return the body of an error frame."""
    body: dict[str, Any] = ExceptionFormatter(error, {}, error).run()  # type: ignore[typeddict-item]
    return body
