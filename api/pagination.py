"""Lists are cursor-paginated, newest first."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """By primary key: UUIDv7 keys sort by the time they were made."""

    ordering = "-id"
    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    invalid_cursor_message = "Invalid cursor."

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor: Any = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                UUID(cursor.position)
            except ValueError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor
