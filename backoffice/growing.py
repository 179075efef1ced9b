"""Lists of tables that grow with every cheer: their cost does not grow with them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, cast

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet, UUIDField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str
from unfold.views import ChangeList

from backoffice.regional import regions_of
from core.ids import first_id_at

LISTED_MAX = 2000  # rows; a search or a filter finds older ones
FILTERED_MAX = 20_000  # rows in which a filter without an index looks


class NewestRows(Paginator):  # type: ignore[type-arg]  # generic only in the stubs
    """Pages of the first `LISTED_MAX` rows, which are counted up to this number only."""

    @cached_property
    def count(self) -> int:
        """The number of rows that are listed."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:LISTED_MAX].count()


def key_at(model: type[Model], column: str, moment: datetime) -> Any:
    """Return a key below which all rows are older than a moment; None if no row is as new.

    A UUID has its time in it. For keys that are numbers the column's value is looked at in some twenty rows, because it
    rises with them, but for rows that were written together.
    """
    if isinstance(model._meta.pk, UUIDField):
        return first_id_at(moment)
    rows = model._default_manager.order_by("pk")
    newest = rows.values_list("pk", flat=True).last()
    low, high = 0, 0 if newest is None else newest + 1
    while low < high:
        middle = (low + high) // 2
        at = rows.filter(pk__gte=middle).values_list(column, flat=True).first()
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return None if newest is None or low > newest else low


class DayFilter(RangeDateFilter):
    """Shows the rows from one day to another, to which the order of the list leads."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self._along = model_admin.along

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of these days, in the admin's time zone. A day that is none leaves an end open."""
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = self._kept(queryset, "gte", first)
        if last is not None and last < date.max:
            queryset = self._kept(queryset, "lt", last + timedelta(days=1))
        return queryset

    def _day(self, end: str) -> date | None:
        day: date | None = parse_date_str(str(self.used_parameters.get(f"{self.field_path}_{end}", "")))
        return day

    def _kept(self, rows: QuerySet[Any], lookup: str, day: date) -> QuerySet[Any]:
        moment = timezone.make_aware(datetime.combine(day, time.min))
        if self._along == self.field_path:
            return rows.filter(**{f"{self.field_path}__{lookup}": moment})
        key = key_at(rows.model, self.field_path, moment)
        if key is None:
            return rows.none() if lookup == "gte" else rows
        return rows.filter(**{f"pk__{lookup}": key})


class GrowingList(ChangeList):
    """A list along its index, in which a filter without an index of its own sees the newest rows."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """Order along the index in place of the moment in which the rows came, and by nothing else."""
        came_at = self.model_admin.came_at
        return self.model_admin.along if came_at and super().get_ordering_field(field_name) == came_at else None

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Order by what the index of an active filter carries, if it is no other than the order of the keys."""
        order: list[Any] = super().get_ordering(request, queryset)
        for name in self._filters():
            carried = self.model_admin.carried.get(name)
            if carried:
                descending = str(order[0]).startswith("-") if order else True
                return [f"-{carried}" if descending else carried]
        return order

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Return the rows of the list."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        filters = self._filters()
        limited = regions_of(request) is not None  # which is a filter, too, and has no index
        carried = not self.model_admin.carried.keys().isdisjoint(filters)
        if self.query or not (limited or (filters and not carried)):
            return rows
        newest = self.model._default_manager.all()
        for each in self.filter_specs:
            if isinstance(each, DayFilter) or (carried and each.used_parameters):
                newest = each.queryset(request, newest)
        along = self.model_admin.along
        keys = newest.order_by(f"-{along}").values_list(along, flat=True)
        oldest = keys[FILTERED_MAX - 1 : FILTERED_MAX].first()
        return rows if oldest is None else rows.filter(**{f"{along}__gte": oldest})

    def _filters(self) -> list[str]:
        """The columns of the filters that are in use, but for days."""
        used = [each for each in self.filter_specs if each.used_parameters and not isinstance(each, DayFilter)]
        return [str(getattr(each, "field_path", "")) for each in used]


class Growing:
    """A list of the newest rows by key, the order in which they came, or of the oldest. Any other needs all rows.

    Where keys are in no order, `along` names a column with an index, which `ordering` names as well.
    """

    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    along: ClassVar[str] = "pk"
    came_at: ClassVar[str] = ""  # the column of the moment in which a row came, by which the list can be turned around
    carried: ClassVar[Mapping[str, str]] = {}  # filtered columns with an index, and the column that this is ordered by

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the kind of list."""
        return GrowingList

    def get_sortable_by(self, request: HttpRequest) -> list[str]:
        """Return the column of the moment in which a row came."""
        admin: Any = self
        columns = admin.get_list_display(request)
        return [name for name in columns if self.came_at and _order_of(admin, name) == self.came_at]

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        """Return the filters, with the one by days."""
        filters: Sequence[Any] = super().get_list_filter(request)  # type: ignore[misc]
        return [*filters, (self.came_at, DayFilter)] if self.came_at else filters


def _order_of(admin: Any, name: Any) -> Any:
    return getattr(getattr(admin, str(name), None), "admin_order_field", name)
