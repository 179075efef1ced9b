"""Rows, ids and moments in the forms that PostgreSQL's COPY and SQLite both take, made without an object for each."""

from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from random import Random
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import AutoField, BigAutoField, Model

from core.ids import CELL_BITS

MS = 1000  # a second


@lru_cache(maxsize=256)
def moment(at: int) -> str:
    """Format seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(" ")[:19]


def dashed(id: str) -> str:
    """Format an id of 32 digits as Python and the API write it."""
    return f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"


class Ids:
    """Makes ids like `core.ids.new_id`, but of any moment, and the same ones for the same random numbers."""

    def __init__(self, random: Random) -> None:
        self._bits = random.getrandbits
        self._fixed = 0x7 << 76 | 0b10 << 62 | settings.CELL

    def new(self, at: int) -> str:
        """Make the id of a row that was created in the second `at`, as 32 hexadecimal digits."""
        random = self._bits(64)
        ms = at * MS + (random & 0x1FF)
        return f"{ms << 80 | random >> 52 << 64 | (random >> 9 & 0xFFFFFFFFFF) << CELL_BITS | self._fixed:032x}"


class Table:
    """Rows of one model that wait to be written. The columns in `names` vary; others have `fixed` values or defaults.

    A column without a default is left to the database, which numbers keys and fills in NULL.
    """

    def __init__(self, model: type[Model], names: str, **fixed: Any) -> None:
        self.model, self.name = model, model._meta.db_table
        varying = [model._meta.get_field(name) for name in names.split()]
        self._columns = [str(field.column) for field in varying]  # type: ignore[union-attr]
        self._rest: tuple[Any, ...] = ()
        self.rows: list[tuple[Any, ...]] = []
        for field in model._meta.local_concrete_fields:
            if field in varying or isinstance(field, AutoField | BigAutoField):
                continue
            value = fixed[field.name] if field.name in fixed else field.get_default()
            if value is not None:
                self._columns.append(str(field.column))
                prepared = field.get_db_prep_save(value, connection)
                # psycopg takes an enumeration for a type of the database.
                self._rest += (prepared.value if isinstance(prepared, Enum) else prepared,)

    def add(self, *values: Any) -> None:
        """Add a row with these values of the varying columns, in their order."""
        self.rows.append(values + self._rest)

    @property
    def columns(self) -> str:
        """The names of the columns, quoted."""
        return ", ".join(map(connection.ops.quote_name, self._columns))

    def taken(self) -> list[tuple[Any, ...]]:
        """Return the rows that wait, and forget them."""
        rows, self.rows = self.rows, []
        return rows
