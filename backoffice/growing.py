"""Lists of tables that grow with every cheer: their cost does not grow with them."""

from typing import Any, ClassVar, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

LISTED_MAX = 2000  # rows; a search or a filter finds older ones


class NewestRows(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Pages of the first `LISTED_MAX` rows, which are counted up to this number only."""

    @cached_property
    def count(self) -> int:
        """The number of rows that are listed."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:LISTED_MAX].count()


class Growing:
    """A list of the newest rows by key, the order in which they came. Any other order would need all rows."""

    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    sortable_by: ClassVar[tuple[str, ...]] = ()
