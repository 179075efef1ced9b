"""Cursor pagination of lists, newest first."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

LOOKED_AT_MAX = 10_000  # rows, for one page of a list under filters that no index has in order
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)  # before and after all ids


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


class Looked(NewestFirst):
    """Pages of a list under any filters, for each of which at most `LOOKED_AT_MAX` rows of the table are looked at.

    A page may so have fewer rows than asked for, or none, and still have a `next`, which goes on from there. A list
    whose rows an index has in order, as its view says by `sifted`, is paged as by `NewestFirst`.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Return the rows of a page. `view.span` are conditions on the key that all rows of the list satisfy."""
        self._links: tuple[Cursor | None, Cursor | None] | None = None
        if not view.sifted:
            return super().paginate_queryset(queryset, request, view)
        self.request, self.base_url = request, request.build_absolute_uri()
        self.ordering: Any = ("-id",)
        size, cursor = self.get_page_size(request), self.decode_cursor(request)
        back, position = (cursor.reverse, cursor.position) if cursor else (False, None)
        order, beyond, until = ("id", "id__gt", "id__lte") if back else ("-id", "id__lt", "id__gte")
        where = {beyond: position} if position else {}
        table = queryset.model._default_manager.filter(**view.span).filter(**where).order_by(order)
        last = next(iter(table.values_list("pk", flat=True)[LOOKED_AT_MAX - 1 : LOOKED_AT_MAX]), None)
        if last is not None:
            queryset = queryset.filter(**{until: last})
        rows = list(queryset.filter(**where).order_by(order)[: size + 1])
        page = rows[:size]
        self._links = _links(page, page[-1].pk if len(rows) > size else last, last, back=back, begun=position is None)
        return page[::-1] if back else page

    def get_next_link(self) -> str | None:
        """Return the address of the rows that are older."""
        return self._link(0) if self._links else super().get_next_link()

    def get_previous_link(self) -> str | None:
        """Return the address of the rows that are newer."""
        return self._link(1) if self._links else super().get_previous_link()

    def _link(self, which: int) -> str | None:
        cursor = self._links[which] if self._links else None
        return self.encode_cursor(cursor) if cursor else None


def _links(
    page: list[Any], end: UUID | None, last: UUID | None, *, back: bool, begun: bool
) -> tuple[Cursor | None, Cursor | None]:
    """Return where the rows on both sides of a page begin: the older ones and the newer ones.

    `page` is in the order in which it was looked for, up to `end`; None if nothing is left to be looked at.
    """
    onward = _cursor(end, back=back) if end else None
    start = page[0].pk if page else last or (LAST if back else FIRST)
    returning = None if begun else _cursor(start, back=not back)
    return (returning, onward) if back else (onward, returning)


def _cursor(beyond: UUID, *, back: bool) -> Cursor:
    position: Any = str(beyond)  # the stubs take it for a number
    return Cursor(offset=0, reverse=back, position=position)


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
