"""The rows that staff who are limited to regions see in the admin: each list says by its `reach` which ones.

A row beyond it is as if it did not exist, on pages, in lists, searches, choices and steps. `regions_of` is given by the
app that knows the accounts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from core.region_rows import rows_in_regions

Regions = frozenset[UUID]
_known_by: list[tuple[type[Model], str, str]] = []  # tables that know accounts in regions
_limits: list[Callable[[Any], Regions | None]] = []


def limited_by(regions_of: Callable[[Any], Regions | None]) -> None:
    """Set the function that returns the regions of an account; None stands for every region."""
    _limits[:] = [regions_of]


def regions_of(request: HttpRequest) -> Regions | None:
    """Return the regions that the member of staff who calls is limited to; None stands for every region."""
    (found,) = _limits
    return found(request.user)


def known_by(model: type[Model], *, account: str = "user", region: str = "region") -> None:
    """Let the rows of a model tell that an account is known in a region. Its `account` column needs an index."""
    _known_by.append((model, account, region))


class Reach:
    """The tie of a list's rows to regions."""

    opened: ClassVar[bool] = True  # whether staff who are limited to regions see the list at all
    writable: ClassVar[bool] = True  # whether they may change its rows, or take steps with them

    @property
    def extensible(self) -> bool:
        """Whether they may add and delete rows."""
        return False

    def rows(self, rows: QuerySet[Any], regions: Regions) -> QuerySet[Any]:
        """Return those rows that staff of these regions see."""
        raise NotImplementedError

    def behind(self, key: str) -> "Reach":
        """Return the reach of rows that a foreign key leads from to rows of this one."""
        return self


@dataclass(frozen=True)
class InRegion(Reach):
    """Rows of one region, to which `path` leads by foreign keys. Rows whose region is not known belong to none."""

    path: str

    @property
    def extensible(self) -> bool:
        """Whether a new row can be one of their regions: regions themselves can't."""
        return self.path != "pk"

    def rows(self, rows: QuerySet[Any], regions: Regions) -> QuerySet[Any]:
        """Return the rows of these regions."""
        found: QuerySet[Any] = rows_in_regions(rows, self.path, regions)
        return found

    def behind(self, key: str) -> Reach:
        """Return the reach of rows one foreign key farther away."""
        return replace(self, path=key if self.path == "pk" else f"{key}__{self.path}")


@dataclass(frozen=True)
class OfPeople(Reach):
    """Rows about accounts, which belong to no region: those of accounts that are known in one are seen there."""

    path: str

    def rows(self, rows: QuerySet[Any], regions: Regions) -> QuerySet[Any]:
        """Return the rows whose account is known in these regions, each looked up by its account."""
        if not regions:
            return rows.none()
        known, aliases = Q(), {}
        for number, (model, account, region) in enumerate(_known_by):
            theirs: QuerySet[Any] = model._default_manager.order_by().filter(**{account: OuterRef(self.path)})
            aliases[f"known_{number}"] = Subquery(theirs.filter(**{f"{region}__in": regions}).values("pk")[:1])
            known |= Q(**{f"known_{number}__isnull": False})
        found: QuerySet[Any] = rows.alias(**aliases).filter(known)
        return found

    def behind(self, key: str) -> Reach:
        """Return the reach of rows one foreign key farther away."""
        return replace(self, path=f"{key}__{self.path}")


@dataclass(frozen=True)
class InNoRegion(Reach):
    """Rows that belong to no region, for the reason that is given: staff with every region see them."""

    why: str
    opened = writable = False

    def rows(self, rows: QuerySet[Any], regions: Regions) -> QuerySet[Any]:
        """Return nothing."""
        return rows.none()


@dataclass(frozen=True)
class ForEveryRegion(Reach):
    """Rows that every region shares, for the reason that is given: staff of one see them, and change nothing."""

    why: str
    writable = False

    def rows(self, rows: QuerySet[Any], regions: Regions) -> QuerySet[Any]:
        """Return all rows."""
        return rows


class WithinReach:
    """Limits the pages of a list to its `reach`."""

    reach: Reach

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that the member of staff who calls may see."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        regions = regions_of(request)
        return rows if regions is None else self.reach.rows(rows, regions)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what others allow, if there is anything of their regions in the list."""
        return self._reached(request, "opened") and super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what others allow, if the rows are not those of all regions."""
        return self._reached(request, "writable") and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what others allow, if such a row could be added again."""
        return self._reached(request, "extensible") and super().has_delete_permission(request, obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow what others allow, if a new row can be of one of their regions."""
        return self._reached(request, "extensible") and super().has_add_permission(request)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows within reach, and demand the region of the row."""
        regions = regions_of(request)
        if regions is not None:
            kwargs["queryset"] = choosable(db_field.related_model, request)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if regions is not None and field is not None and self.reach == InRegion(db_field.name):
            field.required = True
        return field

    def _reached(self, request: HttpRequest, what: str) -> bool:
        return regions_of(request) is None or getattr(self.reach, what)


def reached(rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Return those rows of a model with pages that the member of staff who calls may see."""
    lists: Any = admin.site.get_model_admin(rows.model)
    regions = regions_of(request)
    found: QuerySet[Any] = rows if regions is None else lists.reach.rows(rows, regions)
    return found


def choosable(model: type[Model], request: HttpRequest) -> QuerySet[Any]:
    """Return the rows of a model that the member of staff who calls may choose from."""
    rows: QuerySet[Any] = admin.site.get_model_admin(model).get_queryset(request)
    return rows


class ReachedFilter(RelatedDropdownFilter):
    """A filter by a related row, which offers those within reach."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices of the member of staff who calls."""
        if regions_of(request) is None:
            return super().field_choices(field, request, model_admin)
        keys = list(choosable(field.related_model, request).values_list("pk", flat=True))
        return field.get_choices(include_blank=False, limit_choices_to={"pk__in": keys})
