"""Cursor pagination of lists, newest first."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Orders by primary key, since UUIDv7 keys sort by creation time, or by the moment that a view has in `newest_by`.

    A list of one account's rows names the moment in the index of these rows. By the key, the database would read all
    of an account's rows for each page, or pass over everybody else's.
    """

    ordering = "-id"
    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    invalid_cursor_message = "Invalid cursor."

    def get_page_size(self, request: Request) -> int:
        """Return the requested `limit`. Raises `ValidationError` unless it is a number from 1 to `max_page_size`."""
        asked = request.query_params.get("limit", str(self.page_size))
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 9 and 1 <= int(asked) <= self.max_page_size):
            told = gettext("A whole number from 1 to %(most)s.") % {"most": self.max_page_size}
            raise ValidationError({self.page_size_query_param: told})
        return int(asked)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """Return the columns to order by; the key decides between rows of one moment."""
        moment = getattr(view, "newest_by", None)
        return (f"-{moment}", "-id") if moment else ("-id",)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of a link that we made. Raises `NotFound` for any other text."""
        cursor = super().decode_cursor(request)
        if cursor is None:
            return None
        ours = parse_qs(urlsplit(self.encode_cursor(cursor)).query, keep_blank_values=True)["cursor"]
        if ours != [request.query_params["cursor"]] or not self._is_position(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def _is_position(self, position: Any) -> bool:
        if position is None:
            return True
        return _is_id(position) if self.ordering[0] == "-id" else _is_moment(position)

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {"type": "string"}
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": cursor, "description": "From `next`."},
            {"name": "limit", "in": "query", "required": False, "schema": limit, "description": "Results a page."},
        ]


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    """Return whether a text is a moment in UTC as `str` writes it."""
    try:
        return text.endswith("+00:00") and str(parse_datetime(text)) == text
    except ValueError:
        return False
