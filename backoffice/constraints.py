"""Checks that the database enforces every constraint that the models declare.

Promises that a constraint keeps are not checked row by row. Instead, this check finds a constraint that is missing, for
example after an interrupted migration, or that PostgreSQL has not validated for existing rows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.models import CheckConstraint, ForeignKey

from backoffice.audit import Result

# Constraints not validated for every row, and unique indexes that could not be built.
_UNSOUND = """
SELECT conname FROM pg_constraint WHERE NOT convalidated
UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE NOT indisvalid
"""


def unenforced_constraints(using: str) -> Result:
    """Find the declared constraints that the database `using` lacks or has not validated; examples are their names."""
    result = Result(0)
    connection = connections[using]
    with connection.cursor() as cursor:
        unsound: set[str] = set()
        if connection.vendor == "postgresql":
            cursor.execute(_UNSOUND)
            unsound = {name for (name,) in cursor.fetchall()}
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy:
                found = connection.introspection.get_constraints(cursor, model._meta.db_table)
                for name, enforced in _declared(model, found):
                    result.looked_at += 1
                    if not enforced or name in unsound:
                        result.note(name)
    return result


def _declared(model: type[models.Model], found: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield each constraint that a model declares, by name (or table and column), and whether it was `found`."""
    for constraint in model._meta.constraints:
        kind = "check" if isinstance(constraint, CheckConstraint) else "unique"
        yield constraint.name, bool(found.get(constraint.name, {}).get(kind))
    for field in model._meta.local_concrete_fields:
        column = str(field.column)
        name = f"{model._meta.db_table}.{column}"
        if field.unique:
            yield name, _any(found, "unique", column) or _any(found, "primary_key", column)
        if isinstance(field, ForeignKey) and getattr(field, "db_constraint", True):
            yield name, _any(found, "foreign_key", column)


def _any(found: Mapping[str, Any], kind: str, column: str) -> bool:
    """Return whether a constraint of this kind on exactly this column was found."""
    return any(details[kind] and details["columns"] == [column] for details in found.values())
