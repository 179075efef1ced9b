"""Reads that Django composes once and not at each call, for the way of a cheer (core/sql.py says why).

    _amounts = Composed(lambda request_id: Hold.objects.filter(request=request_id).values_list("amount"))
    rows = _amounts(request.pk, using=...)

What else the query compares with must not change while the process runs; a setting, for example, is compared in Python.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.db import connections
from django.db.models import QuerySet


class Composed:
    """A query for rows of plain values, texts and numbers, by ids."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        self._build = build
        self._composed: dict[str, tuple[str, list[Any], list[tuple[int, int]]]] = {}

    def __call__(self, *ids: UUID, using: str) -> list[tuple[Any, ...]]:
        """Return the rows for these ids from the database with this alias."""
        if using not in self._composed:
            self._composed[using] = self._compose(len(ids), using)
        statement, fixed, places = self._composed[using]
        connection, values = connections[using], list(fixed)
        for place, number in places:
            values[place] = ids[number] if connection.features.has_native_uuid_field else ids[number].hex
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def _compose(self, count: int, using: str) -> tuple[str, list[Any], list[tuple[int, int]]]:
        """Return the statement, its values, and the places of the ids among them: (place, number of the id)."""
        stand_ins = [uuid4() for _ in range(count)]
        number_of = {form: number for number, id in enumerate(stand_ins) for form in (id, id.hex)}
        statement, values = self._build(*stand_ins).query.get_compiler(using).as_sql()
        places = [(place, number_of[value]) for place, value in enumerate(values) if value in number_of]
        if {number for _, number in places} != set(range(count)):
            raise ValueError("an id is not in the statement")
        return statement, list(values), places
