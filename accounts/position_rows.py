"""Partners' positions in the database: a copy that lags behind Valkey, used while Valkey is unreachable."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import DateTimeField, UUIDField

from accounts.implausible import reachable
from accounts.locations import stored_location
from accounts.models import Partner
from accounts.states import Application
from positions import Report, layout

log = logging.getLogger(__name__)

APPROVED = str(Application.APPROVED.value)
Row = tuple[UUID, float, float, datetime]  # partner, lat, lng, received


def write_positions(rows: Iterable[Row]) -> int:
    """Write positions received later than those in the database. Returns the number of rows changed.

    One that was received later than now, by more than clocks differ, is replaced: it is by a clock that was ahead.
    Partners who are not approved have no position: one that was read just before a partner's account was deleted is
    not written afterwards.
    """
    table, pk_field, at_field = Partner._meta.db_table, UUIDField(), DateTimeField()
    parameters = []
    for pk, lat, lng, received_at in sorted(rows):  # locks rows in the same order everywhere
        at = at_field.get_db_prep_value(received_at, connection)
        ahead = at_field.get_db_prep_value(received_at + timedelta(seconds=layout.CLOCKS_DIFFER_S), connection)
        parameters.append((lat, lng, at, pk_field.get_db_prep_value(pk, connection), at, ahead, APPROVED))
    if not parameters:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET lat = %s, lng = %s, position_at = %s "  # noqa: S608  # no outside text
            "WHERE id = %s AND (position_at IS NULL OR position_at < %s OR position_at > %s) AND application = %s",
            parameters,
        )
        return int(cursor.rowcount)


def save_reports(reports: Sequence[Report]) -> None:
    """Write reported positions that Valkey does not accept, if they can be. Best effort: a failure is logged."""
    try:
        placed = Partner.objects.filter(pk__in=[report.partner_id for report in reports]).exclude(position_at=None)
        before = {partner.pk: stored_location(partner) for partner in placed.only("lat", "lng", "position_at")}
        possible = (r for r in reports if (old := before.get(r.partner_id)) is None or reachable(old, r))
        write_positions((r.partner_id, r.position.lat, r.position.lng, r.received_at) for r in possible)
    except DatabaseError:
        log.warning("%d positions lost: neither Valkey nor the database takes them", len(reports))
