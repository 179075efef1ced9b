"""Lists and single rows for staff: by right, by region, and never reading more as the tables grow."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from accounts.models import User
from accounts.permissions import require
from accounts.staff_regions import regions_of, within
from api.fields import Text, Time
from api.pagination import Looked
from api.serializing import json_of, validated
from backoffice.looking import looked, people_of
from backoffice.models import Channel
from core.errors import Missing
from core.ids import first_id_at

T = TypeVar("T", bound=Model)
SLUG_MAX_CHARS = 50  # of a region
SPAN = {"createdFrom", "createdTo"}
APART = timedelta(hours=1)  # by which the moment of a row may differ from that in its key


class ListQuery(serializers.Serializer[Any]):
    """The filters that every list of rows of a region has."""

    region = Text(required=False, max_length=SLUG_MAX_CHARS, help_text="The slug of a region.")
    createdFrom = Time(required=False, help_text="The first moment.")
    createdTo = Time(required=False, help_text="The moment after the last one.")


class StaffList(ListAPIView[Any]):
    """A list for staff who have a right, limited to their regions."""

    model: ClassVar[type[Model]]
    right: ClassVar[str]
    region_path: ClassVar[str] = "region"
    moment: ClassVar[str] = "created_at"
    query: ClassVar[type[serializers.Serializer[Any]]] = ListQuery
    filters: ClassVar[dict[str, str]] = {}  # the names of filters, and what each compares
    # The filters that an index has in the order of `moment`: all rows of one account, or of one request.
    carried: ClassVar[frozenset[str]] = frozenset()
    pagination_class = Looked

    @cached_property
    def said(self) -> dict[str, Any]:
        """The filters of the call. Raises `ValidationError`."""
        return validated(self.query, self.request.query_params.dict())

    @property
    def newest_by(self) -> str | None:
        """The column to page by, if an index has the rows of the chosen ones in its order; else it is the key."""
        return self.moment if self.carried & self.said.keys() else None

    @property
    def sifted(self) -> bool:
        """Whether the rows have to be looked for among others, because no index has them in order."""
        chosen = self.said.keys() - SPAN
        return self.newest_by is None and (bool(chosen) or regions_of(caller(self.request)) is not None)

    @cached_property
    def span(self) -> dict[str, UUID]:
        """Conditions on the key that let the database begin and end near the chosen moments."""
        since, until = self.said.get("createdFrom"), self.said.get("createdTo")
        ids = {"id__gte": _id_at(since, -APART), "id__lt": _id_at(until, APART)}
        return {name: key for name, key in ids.items() if key is not None}

    def rows(self) -> QuerySet[Any]:
        """The rows that are not filtered yet, with what is shown of others."""
        return self.model._default_manager.all()

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that match the call, of the regions that the caller may see."""
        names = {"region": f"{self.region_path}__slug", **self.filters}
        names |= {"createdFrom": f"{self.moment}__gte", "createdTo": f"{self.moment}__lt"}
        wanted = {names[name]: value for name, value in self.said.items() if name in names}
        return within(self.rows().filter(**self.span, **wanted), caller(self.request), self.region_path)

    def json(self, row: Any) -> dict[str, Any]:
        """The JSON of a row."""
        return json_of(self.serializer_class, row)  # type: ignore[arg-type]  # every list has one

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        require(caller(request), self.right)
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([self.json(row) for row in page])


def _id_at(moment: datetime | None, shift: timedelta) -> UUID | None:
    """Return the first id of a moment; None for one that no id can have."""
    if moment is None:
        return None
    try:
        return first_id_at(moment + shift)
    except (OverflowError, ValueError):
        return None


def is_limited(user: User) -> bool:
    """Whether a member of staff sees some regions only."""
    return regions_of(user) is not None


def row_within(rows: QuerySet[T], user: User, path: str, pk: UUID) -> T:
    """Return a row of a region that a member of staff may see. Raises `Missing`."""
    found = within(rows.filter(pk=pk), user, path).first()
    if found is None:
        raise Missing
    return found


def shown(request: Request, row: T, *people: Any) -> T:
    """Record that the caller is shown a row about its people, and about these. Returns the row."""
    looked(request, row, people_of(row) | set(people), channel=Channel.API)
    return row
