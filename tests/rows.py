"""The rows of all tables, to see whether something has changed them."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

OUR_APPS = ("accounts", "alerts", "backoffice", "notifications", "payments", "regions", "requests_app", "rides", "risk")


# A page that staff open about a person leaves a row (backoffice/looking.py), which its own tests look at.
BUT = {"backoffice_staffaction": "WHERE action <> 'looked'"}


def models_of(*labels: str) -> list[type[Model]]:
    """Every model of these apps."""
    return [model for label in labels for model in apps.get_app_config(label).get_models()]


def rows_of(models: Iterable[type[Model]]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of these models by table, without those that `BUT` leaves out.

    Plain SQL: the ORM would take longer than the calls that are watched.
    """
    found = {}
    with connection.cursor() as cursor:
        for model in models:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(f'SELECT * FROM "{table}" {BUT.get(table, "")} ORDER BY "{key}"')  # noqa: S608
            found[table] = cursor.fetchall()
    return found
