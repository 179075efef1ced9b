"""Reports for tests, and what has become of them in Valkey."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from core import valkey
from positions import Position, Report, Reports


def at(number: float, recorded_at: datetime | None = None, partner_id: UUID | None = None) -> Report:
    now = timezone.now()
    return Report(partner_id or uuid4(), Position(40.0, number, recorded_at or now), now)


def stored(report: Report, region: str = "x") -> float | None:
    """The longitude in Valkey, asked for behind the program's back."""
    row: Any = valkey.client().hget(f"{{{region}}}:pos", str(report.partner_id))
    return float(row.split()[3]) if row else None


def let_wait(reports: Reports, *waiting: Report) -> None:
    """Have a report written, so that these wait."""
    assert reports.take("x", at(0)) is not None
    for report in waiting:
        assert reports.take("x", report) is None
