"""Partners' positions in the database: a copy that lags behind Valkey, used while Valkey is unreachable."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import DateTimeField, UUIDField

from accounts.models import Partner
from positions import Report

log = logging.getLogger(__name__)

Row = tuple[UUID, float, float, datetime]  # partner, lat, lng, received


def write_positions(rows: Iterable[Row]) -> int:
    """Write positions received later than those in the database. Returns the number of rows changed."""
    table, pk_field, at_field = Partner._meta.db_table, UUIDField(), DateTimeField()
    parameters = []
    for pk, lat, lng, received_at in sorted(rows):  # locks rows in the same order everywhere
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


def save_reports(reports: Sequence[Report]) -> None:
    """Write reported positions that Valkey does not accept. Best effort: a failure is logged."""
    try:
        write_positions((r.partner_id, r.position.lat, r.position.lng, r.received_at) for r in reports)
    except DatabaseError:
        log.warning("%d positions lost: neither Valkey nor the database takes them", len(reports))
