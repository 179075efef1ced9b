"""Rows of some regions, found in a way that costs each row of a list the same, however many rows its tables have."""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.db.models.constants import LOOKUP_SEP

T = TypeVar("T", bound=Model)


def rows_in_regions(rows: QuerySet[T], path: str, regions: Collection[UUID]) -> QuerySet[T]:
    """Return the rows that belong to one of these regions; those without a region belong to none.

    A region behind another table is looked up row by row: a join lets the database read both tables from end to end.

    Args:
        path: leads from a row to its region by foreign keys, for example `request__region`; `pk` for regions.
    """
    first, _, rest = path.partition(LOOKUP_SEP)
    if not rest:
        return rows.filter(**{f"{path}__in": regions})
    behind: Any = rows.model._meta.get_field(first).related_model
    region = behind._default_manager.order_by().filter(pk=OuterRef(first)).values(rest)[:1]
    found: QuerySet[Any] = rows.alias(in_region=Subquery(region))
    return found.filter(in_region__in=regions)
