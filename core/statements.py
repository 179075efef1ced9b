"""Statements whose SQL is made once per table, the same on SQLite and PostgreSQL.

On the way from a request to an offer Django spends longer composing a statement than the database spends on it. The
writes know nothing of signals and defaults of the database, and read nothing back; the reads follow no relation.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import AutoField, Field, Model

M = TypeVar("M", bound=Model)
N = TypeVar("N", bound=Model)

ROWS_MAX = 1000  # rows a statement: SQLite takes 32,766 values in one


@cache
def _insertion(model: type[Model]) -> tuple[list["Field[Any, Any]"], str, str]:
    """The columns written, and the two parts of the statement: before the rows, and one row."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    row = "(" + ", ".join(["%s"] * len(fields)) + ")"
    return fields, f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ", row  # noqa: S608  # no outside text


def insert_all(rows: Sequence[Model]) -> None:
    """Insert rows of one model in one statement (one for each `ROWS_MAX`). A key that the database gives is not read.

    Raises `IntegrityError` where a constraint refuses them.
    """
    for start in range(0, len(rows), ROWS_MAX):
        batch = rows[start : start + ROWS_MAX]
        fields, head, row = _insertion(type(batch[0]))
        values = [field.get_db_prep_save(field.pre_save(each, True), connection) for each in batch for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(head + ", ".join([row] * len(batch)), values)
        for each in batch:
            each._state.adding, each._state.db = False, connection.alias


def update_all(
    model: type[Model], ids: Sequence[Any], changes: Mapping[str, Any], *, otherwise: Exception, **seen: Any
) -> None:
    """Set the fields in `changes` where the key is one of `ids`, all of which have the fields in `seen` as seen.

    Values are plain or rows of other tables, not expressions. Raises `otherwise` where one has not (the rest is
    changed then), and `IntegrityError` where a constraint refuses them.
    """
    fields: Any = {field.name: field for field in model._meta.concrete_fields}
    key: Any = model._meta.pk
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(fields[name].column)} = %s" for name in changes)
    conditions = [f"{quote(key.column)} IN ({', '.join(['%s'] * len(ids))})"]
    conditions += [f"{quote(fields[name].column)} = %s" for name in seen]
    plain = {name: value.pk if isinstance(value, Model) else value for name, value in changes.items()}
    values = [fields[name].get_db_prep_save(value, connection) for name, value in plain.items()]
    values += [key.get_db_prep_value(pk, connection) for pk in ids]
    values += [fields[name].get_db_prep_save(value, connection) for name, value in seen.items()]
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assignments} WHERE {' AND '.join(conditions)}", values)  # noqa: S608
        if cursor.rowcount != len(ids):
            raise otherwise


def select_all(model: type[M], *, lock: bool = False, limit: int = 0, **equal: Any) -> list[M]:
    """The rows whose fields, named by attribute (`user_id`), equal these values, or one of a list of them.

    In no order, at most `limit` of them if given. With `lock` they are held until the transaction ends.
    """
    fields, condition = _condition(model, _counts(equal))
    end = f" LIMIT {limit}" if limit else ""
    if lock and connection.features.has_select_for_update:
        end += " " + connection.ops.for_update_sql()
    return select_where(model, condition + end, _values(fields, equal))


def select_where(model: type[M], condition: str, parameters: Sequence[Any]) -> list[M]:
    """The rows for which an SQL condition, and what follows it, holds."""
    return [row for (row,) in _read((model,), condition, parameters)]


def select_pairs(first: type[M], second: type[N], condition: str, parameters: Sequence[Any]) -> list[tuple[M, N]]:
    """The pairs of rows of two tables for which an SQL condition on both holds."""
    return _read((first, second), condition, parameters)


def _read(models: tuple[type[Model], ...], condition: str, parameters: Sequence[Any]) -> list[Any]:
    """The rows, each a tuple of instances."""
    shares, head, converters = _selection(models)
    with connection.cursor() as cursor:
        cursor.execute(head + condition, parameters)
        rows = cursor.fetchall()
    found = []
    for row in rows:
        values = list(row)
        for place, (functions, column) in converters.items():
            for function in functions:
                values[place] = function(values[place], column, connection)
        found.append(tuple(model.from_db(connection.alias, names, values[part]) for model, names, part in shares))
    return found


def delete_all(model: type[Model], **equal: Any) -> None:
    """Delete the rows that `select_all` would give, and nothing that refers to them."""
    fields, condition = _condition(model, _counts(equal))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {condition}", _values(fields, equal))  # noqa: S608


@cache
def _selection(models: tuple[type[Model], ...]) -> tuple[list[tuple[type[Model], list[str], slice]], str, Any]:
    """Each model's attributes and its share of a row, the statement up to its condition, and what makes Python's
    values of the database's.
    """
    quote = connection.ops.quote_name
    tables = [quote(model._meta.db_table) for model in models]
    columns: list[Any] = []
    shares, names = [], []
    for model, table in zip(models, tables, strict=True):
        fields = model._meta.concrete_fields
        shares.append((model, [field.attname for field in fields], slice(len(columns), len(columns) + len(fields))))
        columns += [field.get_col(model._meta.db_table) for field in fields]
        names += [f"{table}.{quote(str(field.column))}" for field in fields]
    compiler = models[0]._default_manager.all().query.get_compiler(connection=connection)
    head = f"SELECT {', '.join(names)} FROM {', '.join(tables)} WHERE "  # noqa: S608  # no outside text
    return shares, head, compiler.get_converters(columns)


def _counts(equal: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """The names compared, each with the number of values, 0 for a single one."""
    return tuple((name, len(value) if isinstance(value, list) else 0) for name, value in equal.items())


@cache
def _condition(model: type[Model], counts: tuple[tuple[str, int], ...]) -> tuple[list["Field[Any, Any]"], str]:
    """The fields compared, and the comparison."""
    known: Any = {field.attname: field for field in model._meta.concrete_fields}
    parts = []
    for name, count in counts:
        column = connection.ops.quote_name(known[name].column)
        parts.append(f"{column} IN ({', '.join(['%s'] * count)})" if count else f"{column} = %s")
    return [known[name] for name, _ in counts], " AND ".join(parts)


def _values(fields: Sequence["Field[Any, Any]"], equal: Mapping[str, Any]) -> list[Any]:
    """The parameters of a comparison, in its order."""
    values = []
    for field, value in zip(fields, equal.values(), strict=True):
        several = value if isinstance(value, list) else [value]
        values += [field.get_db_prep_value(each, connection) for each in several]
    return values
