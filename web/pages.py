"""Pages of one account's rows, newest first: each is read from where the one before it ended."""

from typing import Any

from rest_framework.request import Request

from api.pagination import NewestFirst


class Pages(NewestFirst):
    """Pages of `size` rows by the column `moment`, like the lists of the API."""

    def __init__(self, moment: str, size: int) -> None:
        self._moment, self._size = moment, size

    def get_page_size(self, request: Request) -> int:
        return self._size

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return (f"-{self._moment}", "-id")

    def links(self) -> dict[str, str | None]:
        """Return the addresses of the pages beside the one that was read, for a template."""
        return {"newer": self.get_previous_link(), "older": self.get_next_link()}
