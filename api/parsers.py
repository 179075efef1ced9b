"""Parses JSON from untrusted clients."""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_noop
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 32  # our bodies nest at most three objects


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = gettext_noop("The body is too large.")


class MalformedJSON(ValueError):
    """The text is not JSON, or is JSON that we don't accept. The message may be shown to the client."""


def loads(raw: bytes | str) -> Any:
    """Parse JSON strictly: UTF-8, unique keys, finite numbers, little nesting, and text that every database accepts.

    Raises `MalformedJSON`.
    """
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
        _check(value)
    except RecursionError:
        raise MalformedJSON("The JSON is nested too deeply.") from None
    except ValueError as error:
        raise MalformedJSON(f"Not valid JSON: {str(error)[:100]}") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return found


def _check(value: Any) -> None:
    """Refuse, level by level, values that parse but would fail later: in a recursion, in a database or on a socket."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item)
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
            elif isinstance(item, str):
                if "\0" in item:
                    raise ValueError("a string contains a NUL character")
                item.encode()  # refuses lone surrogates
            elif isinstance(item, float) and not isfinite(item):
                raise ValueError("a number is out of range")
        if not inner:
            return
        level = inner
    raise RecursionError


class BoundedJSONParser(BaseParser):
    """Parses JSON bodies of at most `MAX_BODY_BYTES`."""

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
