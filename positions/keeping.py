"""Positions on their way to the database."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction
from django.db.models import DateTimeField, UUIDField

Row = tuple[UUID, float, float, datetime]  # partner, lat, lng, received


def write_to_database(rows: Iterable[Row]) -> int:
    """Give partners' rows these positions where they are newer; returns how many rows changed."""
    table, pk_field, at_field = apps.get_model("accounts", "Partner")._meta.db_table, UUIDField(), DateTimeField()
    parameters = []
    for pk, lat, lng, received_at in sorted(rows):  # rows are locked in one order everywhere
        at = at_field.get_db_prep_value(received_at, connection)
        parameters.append((lat, lng, at, pk_field.get_db_prep_value(pk, connection), at))
    if not parameters:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET lat = %s, lng = %s, position_at = %s "  # noqa: S608  # no outside text
            "WHERE id = %s AND (position_at IS NULL OR position_at < %s)",
            parameters,
        )
        return int(cursor.rowcount)
