"""Reading JSON that anybody may have sent."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The body is too large."


class MalformedJSON(ValueError):
    """Not JSON, or JSON that no client of ours would send. The message is fit to be shown."""


def loads(raw: bytes | str) -> Any:
    """Parse JSON strictly: UTF-8, no NaN or Infinity, no lone surrogates, no nesting that exhausts the stack.

    Raises `MalformedJSON`.
    """
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        value = json.loads(text, parse_constant=_refuse_constant)
        # "\ud800" parses, but can't be written to a database or a socket.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise MalformedJSON("The JSON is nested too deeply.") from None
    except ValueError as error:
        raise MalformedJSON(f"Not valid JSON: {str(error)[:100]}") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class BoundedJSONParser(BaseParser):
    """JSON bodies of at most `MAX_BODY_BYTES`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(raw) > settings.MAX_BODY_BYTES:
            raise TooLarge
        try:
            value = loads(raw)
        except MalformedJSON as error:
            raise ParseError(str(error)) from None
        if not isinstance(value, dict):
            raise ParseError("The body must be a JSON object.")
        return value
