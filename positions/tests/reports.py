"""Reports for tests, and what has become of them in Valkey."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from core import valkey
from positions import Position, Report, Reports

STEP = 0.0001  # degrees, so that a partner can go from one place to the next in a moment


def at(number: float, recorded_at: datetime | None = None, partner_id: UUID | None = None) -> Report:
    """A report from the place of this number; the places lie in a row, some metres apart."""
    now = timezone.now()
    return Report(partner_id or uuid4(), Position(40.0, number * STEP, recorded_at or now), now)


def stored(report: Report, region: str = "x") -> int | None:
    """The number of the place in Valkey, asked for behind the program's back."""
    row: Any = valkey.client().hget(f"{{{region}}}:pos", str(report.partner_id))
    return round(float(row.split()[3]) / STEP) if row else None


def let_wait(reports: Reports, *waiting: Report) -> None:
    """Have a report written, so that these wait."""
    assert reports.take("x", at(0)) is not None
    for report in waiting:
        assert reports.take("x", report) is None
