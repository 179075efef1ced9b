"""Cursor pagination of lists, newest first."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.utils.translation import gettext
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Orders by primary key: UUIDv7 keys sort by creation time."""

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

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of a link that we made. Raises `NotFound` for any other text."""
        cursor = super().decode_cursor(request)
        if cursor is None:
            return None
        ours = parse_qs(urlsplit(self.encode_cursor(cursor)).query, keep_blank_values=True)["cursor"]
        if ours != [request.query_params["cursor"]] or not _is_id(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor

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


def _is_id(position: object) -> bool:
    try:
        return position is None or str(UUID(str(position))) == position
    except ValueError:
        return False
