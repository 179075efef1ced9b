"""Error frames: what REST framework raises, in the one error shape."""

from typing import Any

from drf_standardized_errors.formatter import ExceptionFormatter
from rest_framework.exceptions import APIException


def error_frame(error: APIException) -> dict[str, Any]:
    """The body of an error for a socket."""
    body: dict[str, Any] = ExceptionFormatter(error, {}, error).run()  # type: ignore[typeddict-item]
    return body
