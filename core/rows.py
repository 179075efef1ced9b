"""Hand-written statements that read and lock, for the way of a cheer (core/sql.py says why).

Each function takes the alias of its database. A lock outside a transaction raises `TransactionManagementError`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.base import ModelState

from core.sql import UUID_TEXTS, AnyField, attributes, marks, require_transaction

M = TypeVar("M", bound=Model)


class Part(NamedTuple):
    """The part of a result row that belongs to one model."""

    model: type[Model]
    names: list[str]  # its attributes, in column order
    columns: slice
    converters: list[tuple[int, list[Any], Any]]  # (index in the part, functions, column)
    key: int  # the place of the primary key in the row


class Related(NamedTuple):
    """A relation whose rows are read with a model's, at a path from that model."""

    path: str
    before: str  # the path that it continues; empty for one of the model itself
    relation: Any
    part: Part


@dataclass(frozen=True, slots=True)
class Beside:
    """A row that no foreign key leads to, because its key is a text such as "user:<id>", made of another row's UUID.

    Attributes:
        prefixes: paths of related rows, each with what stands before its UUID. The first one that is there counts.
    """

    name: str
    model: type[Model]
    prefixes: tuple[tuple[str, str], ...]
    one_to_one: ClassVar[bool] = False

    def set_cached_value(self, instance: Model, row: Model | None) -> None:
        """Keep the row with the instance that it was read with."""
        instance._state.fields_cache[self.name] = row

    def of(self, instance: Model) -> Any:
        """Return the row that was read with this instance; None if it does not exist."""
        return instance._state.fields_cache[self.name]


def read_row(
    model: type[M], *related: str | Beside, using: str, lock: bool | Sequence[str] = False, **equal: Any
) -> M | None:
    """Read one row as `read_rows` does; returns None if no row matches."""
    return next(iter(read_rows(model, *related, using=using, lock=lock, **equal)), None)


def read_rows(
    model: type[M], *related: str | Beside, using: str, lock: bool | Sequence[str] = False, **equal: Any
) -> list[M]:
    """Read the rows whose fields, named by attribute (`user_id`), equal these values, or one of a list of values.

    The result is unordered.

    Args:
        related: foreign keys and reverse one-to-one relations whose rows are read in the same statement. A path
            ("user__partner") follows the path that it begins with. A `Beside` follows the paths that it names.
        lock: lock the rows until the transaction ends. Paths: lock the rows at these first, in this order.
    """
    connection = connections[using]
    shape = tuple((name, len(value) if isinstance(value, list) else 0) for name, value in equal.items())
    own, others, select, fields = _selection(model, related, shape, using)
    if lock:
        require_transaction(using)
        if connection.features.has_select_for_update:
            earlier = [f"its_{path}" for path in (lock if isinstance(lock, Sequence) else ())]
            of = [connection.ops.quote_name(alias) for alias in [*earlier, model._meta.db_table]]
            select += " " + connection.ops.for_update_sql(no_key=True, of=of if related else ())
    values = []
    for field, value in zip(fields, equal.values(), strict=True):
        several = value if isinstance(value, list) else [value]
        values += [field.get_db_prep_value(each, connection) for each in several]
    with connection.cursor() as cursor:
        cursor.execute(select, values)
        rows = cursor.fetchall()
    found: list[M] = []
    for row in rows:
        instance = _instance(own, row, connection)
        found.append(instance)
        at: dict[str, Model | None] = {"": instance}
        for path, before, relation, part in others:
            at[path] = other = _instance(part, row, connection)
            if (holder := at[before]) is not None:
                _attach(relation, holder, other)
    return found


def _attach(relation: Any, instance: Model, other: Model | None) -> None:
    """Cache on an instance the row at the other end of a relation, or its absence, so that it is not read again."""
    relation.set_cached_value(instance, other)
    if other is not None and relation.one_to_one:
        relation.remote_field.set_cached_value(other, instance)


def lock_in_order(model: type[M], ids: Sequence[str], *, using: str) -> list[M]:
    """Lock the rows with these keys, text, in the order in which Python sorts them. Missing rows are left out."""
    require_transaction(using)
    connection = connections[using]
    part, select, key = _keyed(model, len(ids), using)
    if connection.features.has_select_for_update:
        # The order of bytes, whatever the database's language: it is the one of the code points.
        select += f' ORDER BY {key} COLLATE "C" {connection.ops.for_update_sql(no_key=True)}'
    with connection.cursor() as cursor:
        cursor.execute(select, list(ids))
        return [_instance(part, row, connection) for row in cursor.fetchall()]


def lock_first(
    model: type[M],
    ids: Sequence[Any],
    *,
    using: str,
    having: Mapping[str, Sequence[Any]],
    other_than: Mapping[str, Any],
    unless: tuple[type[Model], Mapping[str, Any]] | None = None,
    told: str | None = None,
) -> tuple[M | None, dict[Any, Any]]:
    """Lock the first row, in the order of `ids`, that matches and that no other transaction has locked.

    Args:
        having: for each attribute, the values it may have.
        other_than: for each attribute, the value it must not have.
        unless: a table and attribute values; if a row with these values exists, no row matches.
        told: an attribute of all rows with these ids to be read as well, if a row matches.

    Returns: the row, or None if no row matches; and the values of `told` by id.
    """
    require_transaction(using)
    connection = connections[using]
    against, rival = unless or (model, {})
    shape = (
        tuple((name, len(values)) for name, values in having.items()),
        tuple(other_than),
        tuple(rival),
    )
    part, select, fields = _first(model, len(ids), against, shape, using, told)
    if connection.features.has_select_for_update:
        select += " " + connection.ops.for_update_sql(no_key=True, skip_locked=True)
    wanted = [value for values in having.values() for value in values]
    plain = [*(ids if told else ()), *ids, *wanted, *other_than.values(), *rival.values(), *ids]
    values = [field.get_db_prep_value(value, connection) for field, value in zip(fields, plain, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(select, values)
        row = cursor.fetchone()
    if row is None:
        return None, {}
    return _instance(part, row, connection), dict(zip(ids, row[part.columns.stop :], strict=True)) if told else {}


def _instance(part: Part, row: Sequence[Any], connection: BaseDatabaseWrapper) -> Any:
    """Build one model's instance from its part of a result row; None if the row has no such part."""
    if row[part.key] is None:
        return None
    values = list(row[part.columns])
    for place, functions, column in part.converters:
        for function in functions:
            values[place] = function(values[place], column, connection)
    # As `Model.from_db`, without looking at each column and without the signals, for which nobody listens here.
    instance = part.model.__new__(part.model)
    instance._state = state = ModelState()
    instance.__dict__.update(zip(part.names, values, strict=True))
    state.adding, state.db = False, connection.alias
    return instance


# ---------------------------------------------------------------- SQL, built once


@cache
def _keyed(model: type[Model], count: int, using: str) -> tuple[Part, str, str]:
    """Return the model's part of a row, the selection of so many rows by their keys, and the key's column."""
    quote = connections[using].ops.quote_name
    part, names = _part(model, model._meta.db_table, using)
    key = quote(str(model._meta.pk.column))
    table = quote(model._meta.db_table)
    return part, f"SELECT {', '.join(names)} FROM {table} WHERE {key} IN ({marks(count)})", key  # noqa: S608


@cache
def _selection(
    model: type[Model], related: tuple[str | Beside, ...], equal: tuple[tuple[str, int], ...], using: str
) -> tuple[Part, list[Related], str, list[AnyField]]:
    """Return the parts of a result row, the statement, and the compared fields; count 0 in `equal` means `=`."""
    quote = connections[using].ops.quote_name
    table = quote(model._meta.db_table)
    own, names = _part(model, model._meta.db_table, using)
    others: list[Related] = []
    models, aliases, optional, joins = {"": model}, {"": table}, {"": False}, ""
    for path in related:
        if isinstance(path, Beside):
            part, columns = _part(path.model, f"its_{path.name}", using, start=len(names))
            others.append(Related(path.name, "", path, part))
            names += columns
            joins += _join_beside(path, models, aliases, using)
            continue
        before, _, name = path.rpartition("__")
        relation: Any = models[before]._meta.get_field(name)
        models[path], alias = relation.related_model, f"its_{path}"
        part, columns = _part(models[path], alias, using, start=len(names))
        others.append(Related(path, before, relation, part))
        names += columns
        aliases[path] = quote(alias)
        mine, theirs = (quote(str(field.column)) for field in relation.get_joining_fields()[0])
        optional[path] = relation.null or optional[before]  # any other row is there, and can be locked
        joins += (
            f" {'LEFT ' * optional[path]}JOIN {quote(models[path]._meta.db_table)} {aliases[path]}"
            f" ON {aliases[path]}.{theirs} = {aliases[before]}.{mine}"
        )
    fields = [attributes(model)[name] for name, _ in equal]
    conditions = [
        f"{table}.{quote(field.column)}" + (f" IN ({marks(count)})" if count else " = %s")
        for field, (_, count) in zip(fields, equal, strict=True)
    ]
    select = f"SELECT {', '.join(names)} FROM {table}{joins} WHERE {' AND '.join(conditions)}"  # noqa: S608
    return own, others, select, fields


def _join_beside(beside: Beside, models: Mapping[str, type[Model]], aliases: Mapping[str, str], using: str) -> str:
    """Return the join of a row whose key is made of the key of a row at one of these paths."""
    connection = connections[using]
    quote, text = connection.ops.quote_name, UUID_TEXTS[connection.vendor]
    keys = [
        f"'{prefix}' || " + text.format(f"{aliases[path]}.{quote(str(models[path]._meta.pk.column))}")
        for path, prefix in beside.prefixes
    ]
    table, alias = quote(beside.model._meta.db_table), quote(f"its_{beside.name}")
    mine = quote(str(beside.model._meta.pk.column))
    return f" LEFT JOIN {table} {alias} ON {alias}.{mine} = COALESCE({', '.join(keys)})"


@cache
def _first(
    model: type[Model], ids: int, against: type[Model], shape: tuple[Any, Any, Any], using: str, told: str | None
) -> tuple[Part, str, list[AnyField]]:
    """Return the model's part of a row, the statement of `lock_first`, and the field of each of its parameters."""
    quote = connections[using].ops.quote_name
    having, other_than, rival = shape
    known, rivals = attributes(model), attributes(against)
    key: Any = model._meta.pk
    part, names = _part(model, model._meta.db_table, using)
    own, others = quote(str(key.column)), quote(against._meta.db_table)
    conditions = [f"{own} IN ({marks(ids)})"]
    conditions += [f"{quote(known[name].column)} IN ({marks(count)})" for name, count in having]
    conditions += [f"{quote(known[name].column)} <> %s" for name in other_than]
    if rival:
        present = " AND ".join(f"{quote(rivals[name].column)} = %s" for name in rival)
        conditions.append(f"NOT EXISTS (SELECT 1 FROM {others} WHERE {present})")  # noqa: S608
    order = " ".join(f"WHEN %s THEN {place}" for place in range(ids))
    fields = [key] * (2 * ids if told else ids) + [known[name] for name, count in having for _ in range(count)]
    fields += [known[name] for name in other_than] + [rivals[name] for name in rival] + [key] * ids
    table = quote(model._meta.db_table)
    if told:
        names += [f"(SELECT one.{quote(known[told].column)} FROM {table} one WHERE one.{own} = %s)"] * ids  # noqa: S608
    statement = (
        f"SELECT {', '.join(names)} FROM {table} "  # noqa: S608
        f"WHERE {' AND '.join(conditions)} ORDER BY CASE {own} {order} END LIMIT 1"
    )
    return part, statement, fields


def _part(model: type[Model], alias: str, using: str, *, start: int = 0) -> tuple[Part, list[str]]:
    """Return the part of a row from column `start` on, for a model under this alias, and the columns to read."""
    connection = connections[using]
    cold: frozenset[str] = getattr(model, "cold", frozenset())  # columns that are only read when they are asked for
    quote = connection.ops.quote_name
    fields = [field for field in model._meta.concrete_fields if field.attname not in cold]
    converters = []
    for place, field in enumerate(fields):
        column: Any = field.get_col(alias)
        functions = connection.ops.get_db_converters(column) + column.get_db_converters(connection)
        if functions:
            converters.append((place, functions, column))
    key = start + [field.primary_key for field in fields].index(True)
    part = Part(model, [field.attname for field in fields], slice(start, start + len(fields)), converters, key)
    return part, [f"{quote(alias)}.{quote(str(field.column))}" for field in fields]
