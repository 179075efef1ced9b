"""The regions whose rows a member of staff may see: every one, or those that superusers have given them.

A row of another region is to them as if it did not exist, in the admin, on pages, in the API and in sockets. A row that
belongs to no region, like a month of the books, is for staff with every region.
"""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from accounts.models import Role, User
from core.region_rows import rows_in_regions

T = TypeVar("T", bound=Model)
_KNOWN = "_staff_regions"  # kept with the account for a call, as Django keeps its rights


def regions_of(user: User) -> frozenset[UUID] | None:
    """Return the ids of the regions that a member of staff is limited to; None stands for every region.

    Superusers have every region. An account that is not staff has no region, because it sees no row as staff do.
    """
    if user.is_superuser or (user.role == Role.STAFF and user.every_region):
        return None
    if user.role != Role.STAFF:
        return frozenset()
    if not hasattr(user, _KNOWN):
        setattr(user, _KNOWN, frozenset(user.regions.order_by().values_list("pk", flat=True)))
    known: frozenset[UUID] = getattr(user, _KNOWN)
    return known


def within(rows: QuerySet[T], user: User, path: str) -> QuerySet[T]:
    """Return those rows whose region the member of staff may see.

    Args:
        path: leads from a row to its region, for example `request__region`; `pk` for regions themselves.
    """
    regions = regions_of(user)
    return rows if regions is None else rows_in_regions(rows, path, regions)


def may_see_region(user: User, region_id: UUID | None) -> bool:
    """Whether the member of staff may see rows of a region; of None, rows that belong to no region."""
    regions = regions_of(user)
    return regions is None or region_id in regions
